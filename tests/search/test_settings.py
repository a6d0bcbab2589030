"""Settings: sources, their order, and errors that name what is wrong."""

from pathlib import Path
from typing import Any

import pytest

from search.errors import ConfigError
from search.settings import Settings, field_paths, load_settings, origins, value_of, variable_of


def test_defaults() -> None:
    settings = load_settings()
    assert settings.data_dir == Path(".semsearch")
    assert settings.embedder.model == "bundled"
    assert settings.ingest.default_access == "private"


def test_a_nested_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEMSEARCH_STORE__URL", "http://localhost:6333")
    assert load_settings().store.url == "http://localhost:6333"


def test_environment_before_dotenv_before_toml(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("semsearch.toml").write_text('tenant = "toml"\n[retrieval]\nlimit = 3\nprefetch = 30\n')
    Path(".env").write_text("SEMSEARCH_RETRIEVAL__LIMIT=4\nSEMSEARCH_RETRIEVAL__PREFETCH=40\n")
    monkeypatch.setenv("SEMSEARCH_RETRIEVAL__LIMIT", "5")
    settings = load_settings()
    assert (settings.tenant, settings.retrieval.prefetch, settings.retrieval.limit) == (
        "toml",
        40,
        5,
    )
    found = origins(settings)
    assert found["tenant",] == "semsearch.toml"
    assert found["retrieval", "prefetch"] == ".env (SEMSEARCH_RETRIEVAL__PREFETCH)"
    assert found["retrieval", "limit"] == "SEMSEARCH_RETRIEVAL__LIMIT"
    assert found["retrieval", "mode"] == "default"


@pytest.mark.parametrize(
    "name", ["SEMSEARCH_FOO", "SEMSEARCH_STORE__ULR", "SEMSEARCH_STORE_URL", "semsearch_foo"]
)
def test_an_unknown_variable_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "1")
    with pytest.raises(ConfigError, match=name):
        load_settings()


def test_a_typing_error_gets_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEMSEARCH_STORE__ULR", "http://localhost")
    with pytest.raises(ConfigError, match=r"Did you mean SEMSEARCH_STORE__URL\?"):
        load_settings()


def test_an_unknown_variable_in_dotenv_is_named() -> None:
    Path(".env").write_text("OTHER=1\nSEMSEARCH_FOO=1\n")
    with pytest.raises(ConfigError, match=r"SEMSEARCH_FOO in \.env"):
        load_settings()


def test_other_programs_may_use_dotenv_too() -> None:
    Path(".env").write_text("DATABASE_URL=x\n")
    assert load_settings().tenant == "default"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SEMSEARCH_RETRIEVAL__LIMIT", "many"),
        ("SEMSEARCH_RETRIEVAL__LIMIT", "0"),
        ("SEMSEARCH_RETRIEVAL__MODE", "magic"),
        ("SEMSEARCH_STORE__URL", "localhost:6333"),
        ("SEMSEARCH_EMBEDDER__MODEL", "gpt"),
        ("SEMSEARCH_INGEST__DEFAULT_ACCESS", "everyone"),
        ("SEMSEARCH_CHUNKING__OVERLAP_TOKENS", "300"),
    ],
)
def test_a_malformed_value_is_named(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError, match=variable.rpartition("__")[0]):
        load_settings()


@pytest.mark.parametrize("content", ["colour = 1", "[store]\nulr = 'x'"])
def test_an_unknown_toml_field_is_named(content: str) -> None:
    Path("semsearch.toml").write_text(content)
    with pytest.raises(ConfigError, match=r"colour|ulr"):
        load_settings()


def test_broken_toml_is_named() -> None:
    Path("semsearch.toml").write_text("[store")
    with pytest.raises(ConfigError, match=r"semsearch\.toml"):
        load_settings()


def test_a_toml_file_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "other.toml"
    file.write_text('tenant = "acme"')
    monkeypatch.setenv("SEMSEARCH_CONFIG", str(file))
    assert load_settings().tenant == "acme"
    file.unlink()
    with pytest.raises(ConfigError, match=r"other\.toml"):
        load_settings()


def test_every_field_is_documented() -> None:
    for path in field_paths():
        section: Any = Settings
        for name in path[:-1]:
            section = section.model_fields[name].annotation
        assert section.model_fields[path[-1]].description, variable_of(path)


def test_every_leaf_has_a_value() -> None:
    settings = load_settings()
    assert value_of(settings, ("store", "timeout")) == 30
    assert len(list(field_paths())) == len(set(field_paths())) > 20
