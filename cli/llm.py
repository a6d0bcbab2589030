"""`semsearch llm`: which language models there are, and whether they work."""

from dataclasses import asdict, dataclass
from importlib import util
from typing import Annotated

import typer

from cli.output import JsonOption, print_json, stderr, stdout, table
from search.errors import ModelError
from search.settings import Settings, load_settings

llm_app = typer.Typer(no_args_is_help=True, help="Language models: what is there, does it work.")


@dataclass(frozen=True, slots=True)
class Listed:
    """A model that could be asked."""

    name: str
    title: str
    origin: str
    """`bundled`, `configured`, or `offered` by the service that is configured."""
    licence: str | None
    context: int | None
    ready: bool
    note: str = ""


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.add_typer(llm_app, name="llm")


@llm_app.command("list")
def list_models(json: JsonOption = False) -> None:
    """List the models that are bundled and configured, and those that the service offers.

    Examples:

        semsearch llm list

        SEMSEARCH_LLM__MODEL=http://localhost:11434/v1#qwen3:4b semsearch llm list --json
    """
    found = [*_bundled(), *_configured(load_settings())]
    if json:
        print_json([asdict(model) for model in found])
        return
    rows = table("model", "", "licence", "context", "state")
    for model in found:
        state = "[green]ready[/]" if model.ready else f"[yellow]{model.note}[/]"
        rows.add_row(
            model.name, model.title or model.origin, model.licence or "?",
            f"{model.context:,}" if model.context else "?", state,
        )  # fmt: skip
    stdout().print(rows)


@llm_app.command()
def check(
    name: Annotated[
        str | None,
        typer.Argument(
            help="A bundled model, `URL#MODEL` or a GGUF file; by default SEMSEARCH_LLM__MODEL."
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Ask a model something: does it answer, how fast, does it keep to a JSON Schema?

    Exits with 8 when it cannot be loaded, reached or run.

    Examples:

        semsearch llm check smollm2

        semsearch llm check http://localhost:11434/v1#qwen3:4b --json
    """
    from search.llm_arms import build_llm
    from search.llms.checking import check_model

    llm = build_llm(name or "", load_settings())
    with stderr().status(f"asking {llm.spec.name}"):
        found = check_model(llm)
    if json:
        print_json(asdict(found))
        return
    rows = table("", "")
    speeds = (found.read_per_second, found.written_per_second)
    read, written = (f"{each:.0f} tokens/s" if each else "not told" for each in speeds)
    for label, value in (
        ("model", found.name),
        (
            "where",
            "this machine" if found.local else "another machine: what is asked leaves this one",
        ),
        ("licence", found.licence or "not known here"),
        ("context", f"{found.context:,} tokens" if found.context else "not told"),
        ("first answer", f"{found.first_seconds:.1f} s, loading included"),
        ("reads", read),
        ("writes", written),
        ("JSON Schema", "kept to" if found.schema else "not kept to: replies may be refused"),
        ("log-probabilities", "told" if found.logprobs else "not told"),
        ("it said", found.said),
    ):
        rows.add_row(label, value)
    stdout().print(rows)


def _bundled() -> list[Listed]:
    from search.llms.bundled import BUNDLED

    runtime = util.find_spec("xllamacpp") is not None
    return [
        Listed(
            model.name, model.title, "bundled", model.licence, model.context,
            model.installed and runtime, "" if model.installed and runtime else "run `make llm`",
        )
        for model in BUNDLED.values()
    ]  # fmt: skip


def _configured(settings: Settings) -> list[Listed]:
    from search.llm_arms import build_llm
    from search.llms.bundled import BUNDLED
    from search.llms.openai_compatible import OpenAiCompatible

    name = settings.llm.model
    if not name or name in BUNDLED:
        return []
    llm = build_llm("", settings)
    spec = llm.spec
    if not isinstance(llm, OpenAiCompatible):
        return [Listed(name, spec.name, "configured", spec.licence, spec.context, True)]
    try:
        offered = llm.models()
    except ModelError as error:
        return [Listed(name, spec.name, "configured", None, None, False, str(error))]
    finally:
        llm.close()
    there = spec.name in offered
    note = "" if there else "the service does not offer it"
    others = sorted(set(offered) - {spec.name})
    url = name.partition("#")[0]
    return [
        Listed(name, spec.name, "configured", None, None, there, note),
        *(Listed(f"{url}#{other}", other, "offered", None, None, True) for other in others),
    ]
