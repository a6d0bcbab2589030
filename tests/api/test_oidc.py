"""Tokens of an OpenID Connect provider, with keys made here."""

import base64
import hashlib
import hmac
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi.testclient import TestClient
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from api import oidc
from api.app import create_app
from search.errors import ConfigError
from search.settings import Settings
from tests.ingest.folders import changed, run_sync, settings_in

ISSUER, AUDIENCE = "https://login.example/realm", "semsearch"
KINDS: dict[str, Any] = {"RS256": RSAAlgorithm, "ES256": ECAlgorithm, "EdDSA": OKPAlgorithm}
SECRET = "Wynagrodzenie prezesa wynosi 40 000 zł"


def private_key(algorithm: str) -> Any:
    if algorithm == "RS256":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    return ed25519.Ed25519PrivateKey.generate()


KEYS = {algorithm: private_key(algorithm) for algorithm in KINDS}
ROTATED = private_key("RS256")


def published(kid: str, key: Any, algorithm: str, **fields: Any) -> dict[str, Any]:
    entry: dict[str, Any] = json.loads(KINDS[algorithm].to_jwk(key.public_key()))
    return entry | {"kid": kid, "alg": algorithm, "use": "sig"} | fields


def publish(file: Path, entries: list[dict[str, Any]]) -> None:
    half = file.with_suffix(".new")
    half.write_text(json.dumps({"keys": entries}))
    half.replace(file)


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    made = {
        "iss": ISSUER, "aud": AUDIENCE, "sub": "ewa", "iat": now, "nbf": now, "exp": now + 300,
        "tenant": "default", "groups": ["hr"], "scope": "openid read",
    } | changes  # fmt: skip
    return {name: value for name, value in made.items() if value is not None}


def token(algorithm: str = "RS256", kid: str | None = None, key: Any = None, **changes: Any) -> str:
    headers = {"kid": kid or algorithm}
    return jwt.encode(claims(**changes), key or KEYS[algorithm], algorithm, headers=headers)


def unsigned(header: dict[str, Any], sign: Callable[[bytes], bytes], **changes: Any) -> str:
    """Assemble a token by hand, as an attacker would."""

    def part(value: bytes) -> bytes:
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    body = part(json.dumps(header).encode()) + b"." + part(json.dumps(claims(**changes)).encode())
    return (body + b"." + part(sign(body))).decode()


@dataclass
class World:
    client: TestClient
    settings: Settings
    jwks: Path

    def ask(self, token: str) -> Any:
        return self.client.get(
            "/v1/search", params={"q": "prezes"}, headers={"Authorization": f"Bearer {token}"}
        )


@pytest.fixture(scope="module")
def entries() -> list[dict[str, Any]]:
    return [published(algorithm, key, algorithm) for algorithm, key in KEYS.items()]


@pytest.fixture(scope="module")
def service(
    tmp_path_factory: pytest.TempPathFactory, entries: list[dict[str, Any]]
) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("oidc")
    docs = folder / "docs"
    docs.mkdir()
    (docs / "place.md").write_text(f"# Płace\n\n{SECRET}.\n")
    (docs / "semsearch.yaml").write_text("access: ['group:hr']\n")
    jwks = folder / "jwks.json"
    publish(jwks, entries)
    settings = with_oidc(settings_in(folder), issuer=ISSUER, audience=AUDIENCE, jwks_file=jwks)
    assert not run_sync([docs], settings).failures
    with TestClient(create_app(settings, host="0.0.0.0")) as client:
        yield World(client, settings, jwks)


@pytest.fixture
def world(service: World, entries: list[dict[str, Any]]) -> World:
    publish(service.jwks, entries)
    return service


def with_oidc(settings: Settings, **fields: Any) -> Settings:
    part = settings.auth.oidc.model_copy(update=fields)
    return changed(settings, "auth", mode="oidc", oidc=part)


@pytest.mark.parametrize("algorithm", KINDS)
def test_a_valid_token_acts_as_its_claims_say(world: World, algorithm: str) -> None:
    answer = world.ask(token(algorithm))
    assert answer.status_code == 200
    assert [hit["path"] for hit in answer.json()["hits"]] == ["place.md"]


@pytest.mark.parametrize(
    "changes",
    [{"groups": ["it"]}, {"groups": None}, {"groups": 7}, {"tenant": "other"}, {"sub": "hr"}],
    ids=str,
)
def test_a_valid_token_of_another_meets_nothing(world: World, changes: dict[str, Any]) -> None:
    answer = world.ask(token(**({"groups": []} | changes)))
    assert (answer.status_code, answer.json()["hits"], answer.json()["total"]) == (200, [], 0)


@pytest.mark.parametrize("scope", [None, "openid", "write", ["write"], 7, "reader"])
def test_a_token_without_the_scope(world: World, scope: Any) -> None:
    assert world.ask(token(scope=scope)).status_code == 403


@pytest.mark.parametrize("scope", ["read", ["read"], "admin", "read write"], ids=str)
def test_scopes_are_a_list_or_words(world: World, scope: Any) -> None:
    assert world.ask(token(scope=scope)).status_code == 200


PUBLIC_PEM = (
    KEYS["RS256"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
)

FORGERIES: dict[str, Callable[[], str]] = {
    "expired": lambda: token(exp=int(time.time()) - 60),
    "not yet valid": lambda: token(nbf=int(time.time()) + 600),
    "issued in the future": lambda: token(iat=int(time.time()) + 600),
    "without an end": lambda: token(exp=None),
    "of another issuer": lambda: token(iss="https://login.example/other"),
    "of no issuer": lambda: token(iss=None),
    "for another audience": lambda: token(aud="wiki"),
    "for no audience": lambda: token(aud=None),
    "signed by another key": lambda: token(key=ROTATED),
    "of an unknown key": lambda: token(kid="unknown"),
    "of another algorithm than its key": lambda: token("ES256", kid="RS256"),
    "unsigned": lambda: unsigned({"alg": "none", "kid": "RS256"}, lambda body: b""),
    "unsigned in capitals": lambda: unsigned({"alg": "NONE", "kid": "RS256"}, lambda body: b""),
    "signed with the public key as a secret": lambda: unsigned(
        {"alg": "HS256", "kid": "RS256"},
        lambda body: hmac.new(PUBLIC_PEM, body, hashlib.sha256).digest(),
    ),
    "with a list for a key id": lambda: unsigned({"alg": "RS256", "kid": ["x"]}, lambda body: b""),
    "changed": lambda: ".".join(
        [*token().split(".")[:1], *token(tenant="other").split(".")[1:2], token().split(".")[2]]
    ),
    "no token": lambda: "prezes",
    "an api key": lambda: "sem_" + "A" * 43,
}  # fmt: skip


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_token_that_is_not_good_is_refused(world: World, forgery: str) -> None:
    answer = world.ask(FORGERIES[forgery]())
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["detail"] == oidc.INVALID


@pytest.mark.parametrize("claim", ["tenant", "sub"])
@pytest.mark.parametrize("value", [None, "", 7, ["default"]], ids=str)
def test_a_token_that_names_nobody_is_refused_in_one_line(
    world: World, claim: str, value: Any
) -> None:
    answer = world.ask(token(**{claim: value}))
    assert answer.status_code == 401
    detail = answer.json()["detail"]
    assert "\n" not in detail
    if (claim, value) not in (("sub", 7), ("sub", ["default"])):  # PyJWT wants a text itself
        assert detail.startswith("The token names no ")
    assert all(word not in answer.text for word in (ISSUER, AUDIENCE, "jwks", "place", "default"))


def test_without_a_token(world: World) -> None:
    assert world.client.get("/v1/search", params={"q": "x"}).status_code == 401
    assert world.client.get("/openapi.json").status_code == 200


def test_clocks_may_differ_a_little(world: World) -> None:
    assert world.ask(token(exp=int(time.time()) - 10)).status_code == 200
    assert world.ask(token(nbf=int(time.time()) + 10)).status_code == 200


def test_keys_are_rotated_without_a_restart(world: World, entries: list[dict[str, Any]]) -> None:
    new = token(kid="new", key=ROTATED)
    assert world.ask(new).status_code == 401
    publish(world.jwks, [*entries, published("new", ROTATED, "RS256")])
    assert world.ask(new).status_code == 200
    assert world.ask(token()).status_code == 200
    publish(world.jwks, [published("new", ROTATED, "RS256")])
    assert world.ask(token()).status_code == 401
    assert world.ask(new).status_code == 200


def test_a_key_set_that_breaks_leaves_the_former_keys_in_force(world: World) -> None:
    assert world.ask(token()).status_code == 200
    world.jwks.write_text('{"keys": [')
    assert world.ask(token()).status_code == 200
    world.jwks.unlink()
    assert world.ask(token()).status_code == 200


def test_an_unknown_key_id_makes_it_look_again_though_the_file_seems_unchanged(
    world: World, entries: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert world.ask(token()).status_code == 200
    before = world.jwks.stat()
    text = world.jwks.read_text().replace('"kid": "RS256"', '"kid": "RS257"')
    world.jwks.write_text(text)
    os.utime(world.jwks, ns=(before.st_atime_ns, before.st_mtime_ns))
    renamed = token(kid="RS257")
    assert world.ask(renamed).status_code == 401  # looked a moment ago
    monkeypatch.setattr(oidc, "REREAD_SECONDS", 0)
    assert world.ask(renamed).status_code == 200


def test_one_key_needs_no_id(world: World, entries: list[dict[str, Any]]) -> None:
    nameless = jwt.encode(claims(), KEYS["RS256"], "RS256")
    assert world.ask(nameless).status_code == 401
    publish(world.jwks, [entries[0]])
    assert world.ask(nameless).status_code == 200


def test_keys_of_other_kinds_are_passed_over(world: World, entries: list[dict[str, Any]]) -> None:
    secret = {"kty": "oct", "kid": "secret", "k": base64.urlsafe_b64encode(b"s" * 32).decode()}
    encrypting = published("enc", ROTATED, "RS256", use="enc")
    publish(world.jwks, [secret, encrypting, entries[0]])
    assert world.ask(token()).status_code == 200
    symmetric = jwt.encode(claims(), b"s" * 32, "HS256", headers={"kid": "secret"})
    assert world.ask(symmetric).status_code == 401
    assert world.ask(token(kid="enc", key=ROTATED)).status_code == 401


def test_claims_have_the_names_that_the_provider_gives_them(world: World) -> None:
    names = {
        "tenant_claim": "https://corp.example/tenant", "user_claim": "preferred_username",
        "groups_claim": "realm_access.roles", "scopes_claim": "scp", "scope_prefix": "docs:",
    }  # fmt: skip
    part = world.settings.auth.oidc.model_copy(update=names)
    principal, scopes = oidc.TokenVerifier(part).verify(
        token(
            **{"https://corp.example/tenant": "acme"},
            preferred_username="jan",
            realm_access={"roles": ["kadry", "place"]},
            scp=["docs:read", "docs:admin", "write"],
        )
    )
    assert (principal.tenant, principal.user, principal.admin) == ("acme", "jan", True)
    assert principal.groups == {"kadry", "place"}
    assert scopes == {"read", "admin"}


@pytest.mark.parametrize("missing", ["issuer", "audience", "jwks_file"])
def test_a_missing_setting_is_named_at_the_start(world: World, missing: str) -> None:
    settings = with_oidc(world.settings, **{missing: None})
    with pytest.raises(ConfigError, match=f"SEMSEARCH_AUTH__OIDC__{missing.upper()}"):
        create_app(settings)


@pytest.mark.parametrize("content", [None, "", "[]", '{"keys": []}', '{"keys": [{"kty": "oct"}]}'])
def test_keys_that_cannot_be_read_are_named_at_the_start(
    world: World, tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "keys.json"
    if content is not None:
        file.write_text(content)
    settings = with_oidc(world.settings, jwks_file=file)
    with pytest.raises(ConfigError, match=r"SEMSEARCH_AUTH__OIDC__JWKS_FILE: .*keys\.json"):
        create_app(settings)
