"""Who asks: a key or a token becomes a principal and scopes; a laptop needs neither."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.oidc import TokenVerifier
from api.rates import RateLimiter
from search.assemble import local_administrator
from search.domain import Principal
from search.errors import AccessError, CredentialError
from search.settings import Settings
from search.state.database import Database
from search.state.keys import SCOPES, Keys, Scope

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="key",
    description="A key that `semsearch keys create` has made, or a token of the OpenID Connect "
    "provider, as SEMSEARCH_AUTH__MODE says. Not needed where that is `none`.",
)
MISSING = "A key or token is needed: send it as `Authorization: Bearer …`."
INVALID = "The key is not valid: ask whoever runs the service for one."


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a request acts as, and what it may do."""

    id: str
    """What tells this key or user from all others."""
    principal: Principal
    scopes: frozenset[Scope]
    key: str = ""
    """The name of the key that was presented, if one was; for logs."""

    @property
    def identity(self) -> str:
        """Return what tells this caller from others of its tenant: the person, else the key."""
        return f"user:{self.principal.user}" if self.principal.user else self.id


class Authenticator:
    """Turns what a request presents into a caller."""

    def __init__(self, settings: Settings) -> None:
        """Prepare for the mode that the settings name.

        Raises:
            ConfigError: a setting of that mode is missing or cannot be used.
        """
        self._settings = settings
        self._keys = Keys(Database(settings.data_dir))
        oidc = settings.auth.mode == "oidc"
        self._tokens = TokenVerifier(settings.auth.oidc) if oidc else None
        self._rates = RateLimiter(settings.api.rate_per_minute, settings.api.rate_burst)

    def caller(self, credentials: HTTPAuthorizationCredentials | None) -> Caller:
        """Return who asks.

        Raises:
            CredentialError: there is no key or token, or one that is not valid.
            RateLimitError: this caller asks too often.
        """
        if self._settings.auth.mode == "none":
            return Caller("local", local_administrator(self._settings), frozenset(SCOPES))
        if credentials is None:
            raise CredentialError(MISSING)
        found = self._identify(credentials.credentials)
        self._rates.take(found.id)
        return found

    def _identify(self, secret: str) -> Caller:
        if self._tokens is not None:
            principal, scopes = self._tokens.verify(secret)
            return Caller(f"user:{principal.tenant}:{principal.user}", principal, scopes)
        key = self._keys.find(secret)
        if key is None or key.state() != "valid":
            raise CredentialError(INVALID)
        return Caller(f"key:{key.id}", key.principal, frozenset(key.scopes), key.name)


def authenticated(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Caller:
    """Return who asks; a dependency of every route under /v1."""
    authenticator: Authenticator = request.app.state.authenticator
    caller = authenticator.caller(credentials)
    request.state.caller = caller  # for the access log, outside of all routes
    return caller


def require(caller: Caller, scope: Scope) -> Caller:
    """Return a caller that has a scope; `admin` includes all others.

    Raises:
        AccessError: it has not.
    """
    if scope not in caller.scopes and "admin" not in caller.scopes:
        raise AccessError(f"The key lacks the scope {scope}: ask for one that has it.")
    return caller


def allowed(scope: Scope) -> Callable[[Caller], Principal]:
    """Return a dependency that asks for a scope."""

    def principal(caller: Annotated[Caller, Depends(authenticated)]) -> Principal:
        return require(caller, scope).principal

    return principal


def able(scope: Scope) -> Callable[[Caller], Caller]:
    """Return a dependency that asks for a scope and tells which key or user it is."""

    def able_caller(caller: Annotated[Caller, Depends(authenticated)]) -> Caller:
        return require(caller, scope)

    return able_caller


Reader = Annotated[Principal, Depends(allowed("read"))]
"""A caller that may search and read."""

Writer = Annotated[Caller, Depends(able("write"))]
"""A caller that may upload and delete."""

Administrator = Annotated[Caller, Depends(able("admin"))]
"""A caller that administers its tenant."""

Anybody = Annotated[Caller, Depends(authenticated)]
"""A caller with whatever scopes."""

Scraper = Annotated[Principal, Depends(allowed("metrics"))]
"""A caller that may read the metrics, and nothing else."""
