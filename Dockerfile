# The service, without compilers, package managers' caches or a root user.
#
#   docker build --tag semsearch .
#   docker run --rm semsearch --help
#
# To read scans and old Office formats, add `tesseract-ocr tesseract-ocr-pol` or
# `libreoffice-writer libreoffice-calc libreoffice-impress` with apt-get in the second stage.
ARG PYTHON=3.12.12-slim-bookworm

FROM python:${PYTHON} AS build
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN python -m venv /opt/semsearch
ENV PATH=/opt/semsearch/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
COPY constraints.txt pyproject.toml README.md LICENSE ./
# PyTorch first, alone and without CUDA: the other packages then find it installed.
RUN pip install --no-deps --index-url "$TORCH_INDEX" "$(grep '^torch==' constraints.txt)"
COPY search search
COPY ingest ingest
COPY api api
COPY cli cli
RUN pip install --constraint constraints.txt ".[otel]"

FROM python:${PYTHON}
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin semsearch \
    && install --directory --owner semsearch --group semsearch --mode 700 /data
COPY --from=build /opt/semsearch /opt/semsearch
ENV PATH=/opt/semsearch/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HF_HUB_OFFLINE=1 \
    HF_HUB_DISABLE_TELEMETRY=1 \
    DO_NOT_TRACK=1 \
    SEMSEARCH_DATA_DIR=/data \
    SEMSEARCH_EMBEDDER__CACHE_DIR=/data/cache \
    SEMSEARCH_AUTH__MODE=keys \
    SEMSEARCH_LOGGING__FORMAT=json
# Only /data and /tmp are written to, so that the rest can be read-only.
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import http.client, sys; service = http.client.HTTPConnection('127.0.0.1', 8000, timeout=4); service.request('GET', '/readyz'); sys.exit(service.getresponse().status != 200)"]
ENTRYPOINT ["semsearch"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
