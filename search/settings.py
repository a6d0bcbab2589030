"""All settings in one tree: `SEMSEARCH_` environment variables, `.env`, a TOML file, defaults.

Nested fields are joined with two underscores: `SEMSEARCH_STORE__URL=http://localhost:6333`.
Earlier sources win: arguments, environment, `.env`, `semsearch.toml` (or the file that
`SEMSEARCH_CONFIG` names), defaults. Nothing is read at import; call `load_settings()`.
"""

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from dotenv import dotenv_values
from pydantic import BaseModel, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from search.answer_settings import AnswerSettings
from search.errors import ConfigError
from search.layer_settings import LayerSettings
from search.llm_settings import LlmSettings
from search.rerank_settings import RerankSettings
from search.section import Section
from search.service_settings import (
    FeedbackSettings,
    LoadSettings,
    LoggingSettings,
    MetricsSettings,
    OidcSettings,
    TelemetrySettings,
)

PREFIX = "SEMSEARCH_"
DELIMITER = "__"
CONFIG_VARIABLE = "SEMSEARCH_CONFIG"
DEFAULT_TOML = Path("semsearch.toml")
DOTENV = Path(".env")

AccessEntry = Annotated[str, Field(pattern=r"^(public|private|(user|group):.+)$")]


class EmbedderSettings(Section):
    """The embedding model."""

    model: str = Field(
        "bundled",
        description="`bundled` (multilingual-e5-small, ships with the kit), "
        "`sentence-transformers:ID-OR-FOLDER`, or `fake` (tests).",
        pattern=r"^(bundled|fake|sentence-transformers:.+)$",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="Where PyTorch models run; `auto` takes CUDA when there is one."
    )
    precision: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto",
        description="`auto`: float16 on CUDA, bfloat16 on a CPU that has it in hardware, "
        "else float32.",
    )
    batch_tokens: int = Field(
        4096, ge=64, description="Tokens in one forward pass, padding included."
    )
    query_cache: int = Field(
        2048,
        ge=0,
        le=1_000_000,
        description="Queries whose vectors the service remembers, for all callers; 0 is off.",
    )
    cache_dir: Path = Field(
        default_factory=lambda: default_cache_dir(),
        description="Where unpacked models lie; shared by all indexes of this user.",
    )


class LexicalSettings(Section):
    """BM25 over stems. A change re-indexes the documents."""

    k1: float = Field(1.5, gt=0, le=10, description="Saturation of repeated terms.")
    b: float = Field(0.75, ge=0, le=1, description="Strength of length normalisation.")
    average_length: float = Field(
        120, gt=0, description="Length, in terms, at which a chunk is neither favoured nor damped."
    )


class StoreSettings(Section):
    """Where vectors and payloads lie: embedded by default, a Qdrant server when `url` is set."""

    url: str | None = Field(
        None,
        description="Qdrant server or cluster, e.g. `http://localhost:6333`.",
        pattern=r"^https?://.+",
    )
    api_key: SecretStr | None = Field(None, description="Key of the Qdrant server.")
    grpc: bool = Field(False, description="Talk gRPC (port 6334) to the server.")
    collection: str = Field(
        "semsearch",
        min_length=1,
        max_length=255,
        pattern=r"^[^/\\\x00]+$",
        description="Name of the collection on the server.",
    )
    timeout: int = Field(30, ge=1, description="Seconds a request to the server may take.")
    lock_timeout: float = Field(
        2, ge=0, description="Seconds to wait for another process to release the embedded store."
    )


class RetrievalSettings(Section):
    """How a query is answered."""

    mode: Literal["hybrid", "dense", "lexical"] = Field(
        "hybrid", description="What to search with when the query does not say."
    )
    fusion: Literal["dbsf", "rrf"] = Field(
        "dbsf", description="How dense and lexical scores become one."
    )
    limit: int = Field(10, ge=1, le=1000, description="Hits returned when the query does not say.")
    prefetch: int = Field(
        100, ge=10, le=10_000, description="Candidates each retriever hands to the fusion."
    )
    boost: float = Field(
        0.2,
        ge=0,
        le=10,
        description="Weight of codes and rare words met to the letter, on top of the fused score; "
        "0 is off.",
    )
    highlight: Literal["words", "semantic"] = Field(
        "words",
        description="What is marked when the query does not say: words that match, or also, in "
        "passages where none does, the sentence closest in meaning.",
    )
    highlight_sentences: int = Field(
        24,
        ge=2,
        le=500,
        description="Sentences that are embedded for one query to mark the closest, at about "
        "30 ms each with the bundled model.",
    )


class ChunkingSettings(Section):
    """How documents are cut. A change re-indexes the documents."""

    max_tokens: int = Field(
        320,
        ge=32,
        le=8192,
        description="Longest chunk in tokens of the embedding model, breadcrumb included.",
    )
    overlap_tokens: int = Field(
        40, ge=0, description="Tokens repeated where one section is cut into several chunks."
    )

    @model_validator(mode="after")
    def _overlap_is_smaller(self) -> "ChunkingSettings":
        if self.overlap_tokens > self.max_tokens // 2:
            raise ValueError("overlap_tokens must be at most half of max_tokens")
        return self


class IngestSettings(Section):
    """How folders are read."""

    default_access: AccessEntry = Field(
        "private",
        description="Who reads documents without a rule of their own: `private` (administrators), "
        "`public` (the tenant), `user:NAME` or `group:NAME`.",
    )
    max_file_mb: int = Field(200, ge=1, description="Larger files are reported, not read.")


class ParsingSettings(Section):
    """Limits of the worker processes that read files, and what they may use."""

    workers: int = Field(
        0, ge=0, le=64, description="Worker processes; 0 is one for each core, at most 4."
    )
    timeout: float = Field(60, gt=0, description="Seconds that one file may take.")
    memory_mb: int = Field(
        2048, ge=256, description="Memory that a worker may take for one file, in MiB."
    )
    max_text_mb: float = Field(
        20, gt=0, description="Text that may come out of one file, in MB of UTF-8."
    )
    ocr: bool = Field(True, description="Read scans and images with tesseract, when installed.")
    ocr_languages: str = Field(
        "pol+eng+deu",
        description="Languages of tesseract; those not installed are left out.",
        pattern=r"^[A-Za-z_]+(\+[A-Za-z_]+)*$",
    )


class ApiSettings(LoadSettings):
    """The HTTP service."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=1, le=65535, description="Port to listen on.")
    max_body_kb: int = Field(
        256, ge=16, le=10_240, description="Larger request bodies are refused."
    )


class AuthSettings(Section):
    """Who may ask."""

    mode: Literal["none", "keys", "oidc"] = Field(
        "none",
        description="`none`: whoever reaches the service is a local administrator, so it listens "
        "on loopback only; `keys`: a key of `semsearch keys` with every request; `oidc`: a token "
        "of an OpenID Connect provider.",
    )
    oidc: OidcSettings = Field(default_factory=OidcSettings)


class Settings(BaseSettings):
    """The whole tree; `semsearch config` prints it with the origin of every value."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=DELIMITER,
        env_file=DOTENV,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
    )

    data_dir: Path = Field(
        Path(".semsearch"), description="The one folder that holds all that the kit writes."
    )
    tenant: str = Field(
        "default",
        min_length=1,
        max_length=64,
        pattern=r"^[\w.-]+$",
        description="The tenant that the command line acts for.",
    )
    embedder: EmbedderSettings = Field(default_factory=EmbedderSettings)
    lexical: LexicalSettings = Field(default_factory=LexicalSettings)
    store: StoreSettings = Field(default_factory=StoreSettings)
    retrieval: RetrievalSettings = Field(default_factory=RetrievalSettings)
    layer: LayerSettings = Field(default_factory=LayerSettings)
    rerank: RerankSettings = Field(default_factory=RerankSettings)
    chunking: ChunkingSettings = Field(default_factory=ChunkingSettings)
    ingest: IngestSettings = Field(default_factory=IngestSettings)
    parsing: ParsingSettings = Field(default_factory=ParsingSettings)
    api: ApiSettings = Field(default_factory=ApiSettings)
    auth: AuthSettings = Field(default_factory=AuthSettings)
    logging: LoggingSettings = Field(default_factory=LoggingSettings)
    telemetry: TelemetrySettings = Field(default_factory=TelemetrySettings)
    metrics: MetricsSettings = Field(default_factory=MetricsSettings)
    feedback: FeedbackSettings = Field(default_factory=FeedbackSettings)
    answer: AnswerSettings = Field(default_factory=AnswerSettings)
    llm: LlmSettings = Field(default_factory=LlmSettings)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources and add the TOML file."""
        toml = TomlConfigSettingsSource(settings_cls, toml_file=toml_path())
        return init_settings, env_settings, _OwnDotenv(settings_cls), toml


class _OwnDotenv(DotEnvSettingsSource):
    """`.env` without the variables of other programs, which may share the file."""

    def __call__(self) -> dict[str, Any]:
        return {
            name: value
            for name, value in super().__call__().items()
            if name in Settings.model_fields
        }


def default_cache_dir() -> Path:
    """Return the user's cache folder for models, by the XDG convention."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "semsearch"


def toml_path() -> Path:
    """Return the TOML file in use, whether or not it exists."""
    return Path(os.environ.get(CONFIG_VARIABLE) or DEFAULT_TOML)


def load_settings(**overrides: Any) -> Settings:
    """Read the settings from all sources; `overrides` are top-level fields and win.

    Raises:
        ConfigError: a variable or field is unknown or malformed; the message names it.
    """
    _reject_unknown_variables(os.environ, "environment")
    if DOTENV.is_file():
        _reject_unknown_variables(dotenv_values(DOTENV), str(DOTENV))
    _check_toml()
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise ConfigError(_describe(error)) from None
    except ValueError as error:  # a nested section that is not JSON, a broken source
        raise ConfigError(f"Settings cannot be read: {error}") from None


def field_paths(
    model: type[BaseModel] = Settings, parents: tuple[str, ...] = ()
) -> Iterator[tuple[str, ...]]:
    """Yield the path of every leaf setting, e.g. `("store", "url")`."""
    for name, info in model.model_fields.items():
        annotation = info.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from field_paths(annotation, (*parents, name))
        else:
            yield (*parents, name)


def variable_of(path: tuple[str, ...]) -> str:
    """Return the environment variable of a setting."""
    return PREFIX + DELIMITER.join(path).upper()


def origins(settings: Settings) -> dict[tuple[str, ...], str]:
    """Tell for every setting where its value came from: a variable, a file or `default`."""
    environment = {name.upper() for name, value in os.environ.items() if value}
    dotenv = {n.upper() for n, v in dotenv_values(DOTENV).items() if v} if DOTENV.is_file() else ()
    toml = _read_toml()
    found: dict[tuple[str, ...], str] = {}
    for path in field_paths():
        variable = variable_of(path)
        if variable in environment:
            found[path] = variable
        elif variable in dotenv:
            found[path] = f"{DOTENV} ({variable})"
        elif _lookup(toml, path) is not None:
            found[path] = str(toml_path())
        else:
            found[path] = "default" if _is_default(settings, path) else "argument"
    return found


def value_of(settings: BaseModel, path: tuple[str, ...]) -> Any:
    """Return the value of a leaf setting."""
    value: Any = settings
    for name in path:
        value = getattr(value, name)
    return value


def _is_default(settings: Settings, path: tuple[str, ...]) -> bool:
    section: BaseModel = settings if len(path) == 1 else value_of(settings, path[:-1])
    info = type(section).model_fields[path[-1]]
    return bool(getattr(section, path[-1]) == info.get_default(call_default_factory=True))


def _lookup(tree: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = tree
    for name in path:
        if not isinstance(value, Mapping) or name not in value:
            return None
        value = value[name]
    return value


def _read_toml() -> dict[str, Any]:
    path = toml_path()
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _check_toml() -> None:
    path = toml_path()
    if os.environ.get(CONFIG_VARIABLE) and not path.is_file():
        raise ConfigError(f"{CONFIG_VARIABLE} names a file that does not exist: {path}.")
    try:
        _read_toml()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{path} is not readable TOML: {error}.") from None


def _reject_unknown_variables(variables: Mapping[str, str | None], where: str) -> None:
    """Raise for a `SEMSEARCH_` variable that no setting reads; pydantic-settings lets it pass."""
    known = {variable_of(path) for path in field_paths()} | {CONFIG_VARIABLE}
    known |= {PREFIX + name.upper() for name in Settings.model_fields}
    for name in variables:
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            hint = _closest(name.upper(), known)
            raise ConfigError(
                f"Unknown setting {name} in {where}.{hint} `semsearch config` lists them all."
            )


def _closest(name: str, known: set[str]) -> str:
    from difflib import get_close_matches

    matches = get_close_matches(name, known, n=1, cutoff=0.6)
    return f" Did you mean {matches[0]}?" if matches else ""


def _describe(error: ValidationError) -> str:
    lines = []
    for problem in error.errors():
        path = tuple(str(part) for part in problem["loc"])
        label = f"{variable_of(path)} (`{'.'.join(path)}`)"
        if problem["type"] == "extra_forbidden":
            hint = _closest(variable_of(path), {variable_of(p) for p in field_paths()})
            lines.append(f"Unknown setting {label}.{hint}")
        else:
            lines.append(f"Setting {label}: {problem['msg']}, got {problem['input']!r}.")
    return " ".join(lines)
