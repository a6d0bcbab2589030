"""Who asks: a key becomes a principal and scopes; on a laptop the local administrator."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from search.assemble import local_administrator
from search.domain import Principal
from search.errors import AccessError, CredentialError
from search.settings import Settings
from search.state.database import Database
from search.state.keys import SCOPES, Keys, Scope

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="key",
    description="A key that `semsearch keys create` has made. Not needed where the service runs "
    "with SEMSEARCH_AUTH__MODE=none.",
)
INVALID = "The key is not valid: ask whoever runs the service for one."


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a request acts as, and what it may do."""

    principal: Principal
    scopes: frozenset[Scope]
    key: str = ""
    """The id of the key that was presented, if one was."""
    name: str = ""
    """Of that key, for logs."""

    @property
    def identity(self) -> str:
        """Return what tells this caller from others of its tenant: the person, else the key."""
        return f"user:{self.principal.user}" if self.principal.user else f"key:{self.key}"


class Authenticator:
    """Turns what a request presents into a caller."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._keys = Keys(Database(settings.data_dir))

    def caller(self, credentials: HTTPAuthorizationCredentials | None) -> Caller:
        """Return who asks.

        Raises:
            CredentialError: there is no key, or one that is not valid.
        """
        if self._settings.auth.mode == "none":
            return Caller(local_administrator(self._settings), frozenset(SCOPES))
        if credentials is None:
            raise CredentialError("A key is needed: send it as `Authorization: Bearer KEY`.")
        key = self._keys.find(credentials.credentials)
        if key is None or key.state() != "valid":
            raise CredentialError(INVALID)
        return Caller(key.principal, frozenset(key.scopes), key.id, key.name)


def authenticated(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Caller:
    """Return who asks; a dependency of every route under /v1."""
    authenticator: Authenticator = request.app.state.authenticator
    caller = authenticator.caller(credentials)
    request.state.caller = caller  # for the access log, outside of all routes
    return caller


def allowed(scope: Scope) -> Callable[[Caller], Principal]:
    """Return a dependency that asks for a scope; `admin` includes all others."""

    def principal(caller: Annotated[Caller, Depends(authenticated)]) -> Principal:
        if scope not in caller.scopes and "admin" not in caller.scopes:
            raise AccessError(f"The key lacks the scope {scope}: ask for one that has it.")
        return caller.principal

    return principal


Reader = Annotated[Principal, Depends(allowed("read"))]
"""A caller that may search and read."""

Scraper = Annotated[Principal, Depends(allowed("metrics"))]
"""A caller that may read the metrics, and nothing else."""

CallerDep = Annotated[Caller, Depends(authenticated)]
"""Who asks, whatever they may do."""
