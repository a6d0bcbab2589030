"""Tokens of an OpenID Connect provider: verified offline, against its published keys."""

import json
import logging
import re
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any

import jwt
from jwt import PyJWK, PyJWTError

from search.domain import Principal
from search.errors import ConfigError, CredentialError
from search.service_settings import OidcSettings
from search.settings import variable_of
from search.state.keys import SCOPES, Scope

log = logging.getLogger("semsearch.api")

ALGORITHMS = frozenset({"RS256", "ES256", "EdDSA"})
"""Signatures that only the provider can make. `none`, and HS*, whose secret an attacker could
take for the public key, are not among them."""
REREAD_SECONDS = 5
"""How often a key that is not in the file makes us look again, though it seems unchanged."""
INVALID = (
    "The token is not valid: it has expired, is not meant for this service, or was not signed by "
    "its provider. Sign in again."
)
_TENANT = re.compile(r"[\w.-]{1,64}")


class KeySet:
    """The keys of a JWKS file, read anew when the file changes."""

    def __init__(self, file: Path) -> None:
        """Read the file.

        Raises:
            ConfigError: it is missing, malformed, or holds no key for an allowed algorithm.
        """
        self._file = file
        self._lock = Lock()
        self._read()

    def find(self, kid: str | None) -> PyJWK | None:
        """Return a key by its id, or the only key there is for a token that names none."""
        with self._lock:
            self._refresh(kid)
            if kid is None:
                return next(iter(self._keys.values())) if len(self._keys) == 1 else None
            return self._keys.get(kid)

    def _refresh(self, kid: str | None) -> None:
        known = kid is None or kid in self._keys
        due = time.monotonic() - self._read_at >= REREAD_SECONDS
        if self._stamp() == self._seen and (known or not due):
            return
        try:
            self._read()
        except ConfigError as error:  # half written, say: the former keys hold until it is whole
            log.error("%s The keys read before stay in force.", error)

    def _read(self) -> None:
        self._seen, self._read_at = self._stamp(), time.monotonic()
        variable = variable_of(("auth", "oidc", "jwks_file"))
        try:
            entries = json.loads(self._file.read_text(encoding="utf-8"))["keys"]
            found = {str(entry.get("kid", "")): key for entry in entries if (key := _key(entry))}
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise ConfigError(
                f"{variable}: {self._file} cannot be read as a JWK set ({error})."
            ) from None
        if not found:
            raise ConfigError(
                f"{variable}: {self._file} holds no key for {', '.join(sorted(ALGORITHMS))}."
            )
        self._keys = found

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            status = self._file.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino


class TokenVerifier:
    """Turns a token into a principal and its scopes."""

    def __init__(self, settings: OidcSettings) -> None:
        """Read the provider's keys.

        Raises:
            ConfigError: a setting is missing, or the keys cannot be read.
        """
        for name in ("issuer", "audience", "jwks_file"):
            if not getattr(settings, name):
                raise ConfigError(
                    f"{variable_of(('auth', 'mode'))}=oidc needs "
                    f"{variable_of(('auth', 'oidc', name))}: "
                    f"{OidcSettings.model_fields[name].description}"
                )
        assert settings.jwks_file is not None
        self._settings = settings
        self._keys = KeySet(settings.jwks_file)

    def verify(self, token: str) -> tuple[Principal, frozenset[Scope]]:
        """Return whom a token speaks for and what it allows.

        Raises:
            CredentialError: it is forged, expired, not for us, or names no tenant.
        """
        claims = self._claims(token)
        tenant = _claim(claims, self._settings.tenant_claim)
        if not isinstance(tenant, str) or not _TENANT.fullmatch(tenant):
            log.info("token refused: claim %s is no tenant", self._settings.tenant_claim)
            raise CredentialError("The token names no tenant: ask whoever runs the service.")
        user = _claim(claims, self._settings.user_claim)
        if not isinstance(user, str) or not user:
            log.info("token refused: claim %s is no user", self._settings.user_claim)
            raise CredentialError("The token names no user: ask whoever runs the service.")
        scopes = self._scopes(claims)
        groups = frozenset(_texts(_claim(claims, self._settings.groups_claim)))
        return Principal(tenant, user, groups, "admin" in scopes), scopes

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            key = self._keys.find(kid)
            if key is None:
                raise PyJWTError("its key is not among the provider's")
            return jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                audience=self._settings.audience,
                issuer=self._settings.issuer,
                leeway=self._settings.leeway,
                options={"require": ["exp", "iss", "aud"]},
            )
        except (PyJWTError, ValueError, TypeError) as error:
            log.info("token refused: %s", error)
            raise CredentialError(INVALID) from None

    def _scopes(self, claims: Mapping[str, Any]) -> frozenset[Scope]:
        given = _claim(claims, self._settings.scopes_claim)
        words = given.split() if isinstance(given, str) else _texts(given)
        prefix = self._settings.scope_prefix
        return frozenset(scope for scope in SCOPES if f"{prefix}{scope}" in words)


def _key(entry: dict[str, Any]) -> PyJWK | None:
    """Return a key that verifies one of our algorithms; None for keys of other kinds."""
    if entry.get("use", "sig") != "sig" or entry.get("kty") not in ("RSA", "EC", "OKP"):
        return None
    try:
        key = PyJWK(entry)
    except PyJWTError:
        return None
    return key if key.algorithm_name in ALGORITHMS else None


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """Return a claim by its name, or by a path with dots: `realm_access.roles`."""
    if name in claims:
        return claims[name]
    value: Any = claims
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _texts(value: Any) -> list[str]:
    values = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return [text for text in values if isinstance(text, str) and text]
