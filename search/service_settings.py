"""Settings of the service: load, signing in with OpenID Connect, and what is seen of it."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from search.section import Section

Origin = Annotated[str, Field(pattern=r"^https?://[^\s/*?#]+$")]


class LoadSettings(Section):
    """What bounds the work that callers can cause."""

    deadline: float = Field(
        10, gt=0, le=3600, description="Seconds that a request may take, waiting included."
    )
    concurrency: int = Field(
        8, ge=1, le=1000, description="Requests that search or read the index at once."
    )
    queue: int = Field(
        64, ge=0, le=10_000, description="Requests that may wait for those; more get a 503 at once."
    )
    rate_per_minute: int = Field(
        1200,
        ge=0,
        description="Requests a minute of one key or user; more get a 429. 0 is off. Without keys "
        "or tokens callers cannot be told apart, and nothing is counted.",
    )
    rate_burst: int = Field(
        100, ge=1, description="Requests that a key or user may send at once after a quiet time."
    )
    max_upload_mb: int = Field(
        500, ge=1, le=100_000, description="Larger uploads, all files together, are refused."
    )
    job_queue: int = Field(
        20, ge=1, le=10_000, description="Uploads and syncs that may wait for the one at work."
    )
    shutdown_timeout: int = Field(
        20, ge=1, le=3600, description="Seconds that open requests get when the service stops."
    )
    cors_origins: tuple[Origin, ...] = Field(
        (),
        description="Origins whose pages may call the service from a browser, as a JSON list: "
        '`["https://intranet.example"]`. None by default, and no wildcard.',
    )


class OidcSettings(Section):
    """What a token of the provider must say (`auth.mode` = `oidc`)."""

    issuer: str | None = Field(None, description="`iss`, to the letter. Needed.")
    audience: str | None = Field(None, description="`aud`: this service's name. Needed.")
    jwks_file: Path | None = Field(
        None,
        description="The provider's public keys (a JWK set); read anew when it changes. Needed.",
    )
    leeway: int = Field(
        30, ge=0, le=600, description="Seconds by which the provider's clock may differ."
    )
    tenant_claim: str = Field(
        "tenant", min_length=1, description="The claim, or path of claims, that names the tenant."
    )
    user_claim: str = Field(
        "sub", min_length=1, description="Who it is, as in access entries `user:NAME`."
    )
    groups_claim: str = Field(
        "groups", min_length=1, description="A list of groups, as in access entries `group:NAME`."
    )
    scopes_claim: str = Field(
        "scope",
        min_length=1,
        description="`read`, `write` and `admin`, as a list or with spaces between.",
    )
    scope_prefix: str = Field(
        "", description="What stands before them, e.g. `semsearch:`; others do not count."
    )


class LoggingSettings(Section):
    """What the service tells its log."""

    format: Literal["text", "json"] = Field(
        "text", description="`json`: one object a line, for a log collector."
    )
    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least that is logged; each request is an `info`."
    )
    queries: bool = Field(
        False,
        description="Log the text of queries and what exceptions say; without it neither the "
        "text of queries nor that of documents is ever logged.",
    )


class TelemetrySettings(Section):
    """Traces for an OpenTelemetry collector; needs `semsearch[otel]`."""

    otlp_endpoint: str | None = Field(
        None,
        description="Collector that takes OTLP over HTTP, e.g. `http://localhost:4318`; "
        "without it nothing is sent.",
        pattern=r"^https?://.+",
    )
    queries: bool = Field(False, description="Send the text of queries along.")


class MetricsSettings(Section):
    """Figures for Prometheus."""

    mode: Literal["off", "scope", "port"] = Field(
        "scope",
        description="`scope`: `/metrics` beside the API, with a key of scope `metrics` or "
        "`admin`; `port`: without a key, on an address of its own.",
    )
    host: str = Field("127.0.0.1", description="Address of the port of its own.")
    port: int = Field(9464, ge=1, le=65535, description="The port of its own.")


class FeedbackSettings(Section):
    """What is remembered of searches, so that clicks and votes can be told apart from chance."""

    keep_searches: int = Field(
        10_000, ge=0, description="Searches remembered: ids and scores of what was shown."
    )
    keep_days: int = Field(30, ge=1, description="Days that they are remembered.")
    keep_queries: bool = Field(False, description="Remember the text of queries, too.")
