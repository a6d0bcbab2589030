"""`semsearch doctor`: what works on this machine, and how to mend what does not."""

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import typer

from cli.output import JsonOption, bytes_for_people, print_json, stdout, table
from search.errors import IndexMissingError, SemsearchError, StoreBusyError
from search.settings import Settings, load_settings

FREE_DISK = 2 * 1024**3
"""Bytes below which the disk gets a warning: a model unpacked and a middling index."""


@dataclass(frozen=True, slots=True)
class Check:
    """What one look found."""

    name: str
    state: Literal["ok", "warning", "failure"]
    found: str
    fix: str = ""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(doctor)


def doctor(json: JsonOption = False) -> None:
    """Check Python, PyTorch, CPU, store, model, OCR, LibreOffice, disk and offline readiness.

    Exits with 1 when something that the kit needs does not work.

    Examples:

        semsearch doctor

        semsearch doctor --json | jq '.[] | select(.state != "ok")'
    """
    settings = load_settings()
    checks = list(run_checks(settings))
    if json:
        print_json([asdict(check) for check in checks])
    else:
        marks = {
            "ok": "[green]ok[/]",
            "warning": "[yellow]warning[/]",
            "failure": "[red]failure[/]",
        }
        rows = table("", "", "")
        rows.show_header = False
        for check in checks:
            found = f"{check.found}\n[dim]→ {check.fix}[/]" if check.fix else check.found
            rows.add_row(marks[check.state], check.name, found)
        stdout().print(rows)
    if any(check.state == "failure" for check in checks):
        raise typer.Exit(1)


def run_checks(settings: Settings) -> Iterator[Check]:
    """Run all checks, cheapest first; one that breaks is a failure, not an end."""
    looks: list[tuple[str, Callable[[], Check]]] = [
        ("Python", _python),
        ("CPU", _cpu),
        ("PyTorch", _torch),
        ("disk", lambda: _disk(settings)),
        ("store", lambda: _store(settings)),
        ("model", lambda: _model(settings)),
        ("OCR", lambda: _ocr(settings)),
        ("LibreOffice", _libreoffice),
        ("offline", lambda: _offline(settings)),
    ]
    for name, look in looks:
        try:
            yield look()
        except SemsearchError as error:
            yield Check(name, "failure", str(error))
        except Exception as error:
            yield Check(name, "failure", f"{type(error).__name__}: {error}")


def _python() -> Check:
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if (3, 11) <= sys.version_info[:2] <= (3, 13):
        return Check("Python", "ok", found)
    return Check("Python", "failure", found, "Install Python 3.11, 3.12 or 3.13.")


def _cpu() -> Check:
    from search.embedders.hardware import cpu_computes_bfloat16, usable_cores

    formats = "float32 and bfloat16" if cpu_computes_bfloat16() else "float32"
    return Check("CPU", "ok", f"{usable_cores()} usable cores, computes {formats}")


def _torch() -> Check:
    try:
        installed = version("torch")
    except PackageNotFoundError:
        return Check("PyTorch", "failure", "not installed", "Run `make setup`.")
    import torch

    where = "CUDA" if torch.cuda.is_available() else f"CPU, {torch.get_num_threads()} threads"
    return Check("PyTorch", "ok", f"{installed} on {where}")


def _disk(settings: Settings) -> Check:
    folder = settings.data_dir.absolute()
    while not folder.exists():
        folder = folder.parent
    with tempfile.TemporaryFile(dir=folder):
        pass
    free = shutil.disk_usage(folder).free
    found = f"{bytes_for_people(free)} free for {settings.data_dir}"
    if free < FREE_DISK:
        return Check("disk", "warning", found, "Free some space or set SEMSEARCH_DATA_DIR.")
    return Check("disk", "ok", found)


def _store(settings: Settings) -> Check:
    from search.assemble import build_embedder, local_administrator, open_store

    where = settings.store.url or f"embedded, {settings.data_dir}"
    try:
        store = open_store(settings, build_embedder(settings.embedder), create=False)
    except IndexMissingError:
        return Check("store", "ok", f"{where}: no index yet", "Run `semsearch ingest FOLDER`.")
    except StoreBusyError as error:
        return Check("store", "warning", str(error))
    try:
        chunks = store.count(local_administrator(settings))
    finally:
        store.close()
    return Check("store", "ok", f"{where}: {chunks} chunks")


def _model(settings: Settings) -> Check:
    from search.assemble import build_embedder

    embedder = build_embedder(settings.embedder)
    query = embedder.embed_query("Ile dni urlopu mi przysługuje?")
    near, far = embedder.embed_passages(
        ["Pracownikowi przysługuje 26 dni urlopu.", "Der Kompressor braucht Öl."]
    )
    spec = embedder.spec
    found = f"{spec.name}@{spec.revision}, {spec.dimension} dimensions, {spec.licence}"
    if query @ near <= query @ far:
        return Check("model", "warning", found, "It ranks a wrong passage first: another model?")
    return Check("model", "ok", found)


def _ocr(settings: Settings) -> Check:
    from ingest.parsers.tools import TESSERACT, run

    if not settings.parsing.ocr:
        return Check("OCR", "ok", "switched off (SEMSEARCH_PARSING__OCR)")
    program = TESSERACT.path()
    if program is None:
        return Check("OCR", "warning", "tesseract is not installed: scans give no text",
                     f"Debian, Ubuntu: {TESSERACT.install}.")  # fmt: skip
    wanted = settings.parsing.ocr_languages.split("+")
    listed = run([program, "--list-langs"]).decode().split()
    missing = [language for language in wanted if language not in listed]
    if missing:
        packages = " ".join(f"tesseract-ocr-{language}" for language in missing)
        return Check("OCR", "warning", f"{program} lacks {', '.join(missing)}",
                     f"Debian, Ubuntu: apt install {packages}.")  # fmt: skip
    return Check("OCR", "ok", f"{program} with {', '.join(wanted)}")


def _libreoffice() -> Check:
    from ingest.parsers.tools import LIBREOFFICE

    program = LIBREOFFICE.path()
    if program is None:
        return Check("LibreOffice", "warning", "not installed: no doc, ppt, xls, odp, ods",
                     f"Debian, Ubuntu: {LIBREOFFICE.install}.")  # fmt: skip
    return Check("LibreOffice", "ok", program)


def _offline(settings: Settings) -> Check:
    model = settings.embedder.model
    if settings.store.url:
        return Check(
            "offline", "ok", f"the store needs {settings.store.url}, nothing else is asked"
        )
    if model.startswith("sentence-transformers:"):
        name = model.partition(":")[2]
        if not Path(name).is_dir() and os.environ.get("HF_HUB_OFFLINE") != "1":
            return Check(
                "offline", "warning", f"{name} is looked up on the model hub",
                "Once it is downloaded, set HF_HUB_OFFLINE=1 or name its folder.",
            )  # fmt: skip
    return Check("offline", "ok", "no part of the settings needs the network")
