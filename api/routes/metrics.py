"""`/metrics`, for Prometheus."""

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from api.auth import Scraper
from api.metrics import Metrics
from api.schemas import PROBLEMS

router = APIRouter(tags=["health"], responses=PROBLEMS)


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def metrics(request: Request, scraper: Scraper) -> Response:
    """Tell how many requests were answered how fast, and how large the index is."""
    figures: Metrics = request.app.state.metrics
    return Response(figures.exposition(), media_type=CONTENT_TYPE_LATEST)
