"""The containers, as far as that goes without a container engine.

What compose.yaml says is read as Compose would, its settings are loaded, its health checks are
run against real listeners, and the wheel is built from what the Dockerfile copies.
"""

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import threading
import tomllib
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest
import uvicorn
import yaml

from api.app import create_app
from search.settings import load_settings
from tests.ingest.folders import index_folder

ROOT = Path(__file__).parents[1]
VARIABLE = re.compile(r"\$\$|\$\{(\w+)(?:(:-|:\?)([^}]*))?\}")
PINNED = re.compile(r"[\w./-]+:v?\d+\.\d+\.\d+[\w.-]*")


class MissingVariableError(Exception):
    """Compose would stop here."""


def compose(**environment: str) -> dict[str, Any]:
    """Read compose.yaml with its variables filled in."""

    def fill(match: re.Match[str]) -> str:
        name, how, word = match.groups()
        if name is None:
            return "$"
        if environment.get(name):
            return environment[name]
        if how != ":-":
            raise MissingVariableError(f"{name}: {word}")
        return str(word)

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: filled(part) for key, part in value.items()}
        if isinstance(value, list):
            return [filled(part) for part in value]
        return VARIABLE.sub(fill, value) if isinstance(value, str) else value

    read: dict[str, Any] = filled(yaml.safe_load((ROOT / "compose.yaml").read_text()))
    return read


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose(QDRANT_API_KEY="secret")["services"]
    return found


def instructions() -> list[tuple[str, str]]:
    """Read the Dockerfile: each instruction with its arguments."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    pairs = (line.strip().partition(" ") for line in lines if line.strip())
    return [(name, " ".join(rest.split())) for name, _, rest in pairs]


def last_stage() -> list[tuple[str, str]]:
    found = instructions()
    start = max(i for i, (name, _) in enumerate(found) if name == "FROM")
    return found[start:]


def one(name: str) -> str:
    (argument,) = [argument for found, argument in last_stage() if found == name]
    return argument


def copied() -> list[str]:
    """Return what the Dockerfile copies from the folder."""
    lines = [rest for name, rest in instructions() if name == "COPY" and "--from" not in rest]
    return [source for line in lines for source in line.split()[:-1]]


def test_without_its_secret_nothing_starts() -> None:
    with pytest.raises(MissingVariableError, match="QDRANT_API_KEY"):
        compose()
    qdrant, api = services()["qdrant"]["environment"], services()["api"]["environment"]
    assert qdrant["QDRANT__SERVICE__API_KEY"] == api["SEMSEARCH_STORE__API_KEY"] == "secret"


def test_no_secret_has_a_default_or_stands_in_the_file() -> None:
    text = (ROOT / "compose.yaml").read_text()
    for name, how, _ in VARIABLE.findall(text):
        if any(word in name for word in ("KEY", "SECRET", "TOKEN", "PASSWORD")):
            assert how == ":?", name
    raw = yaml.safe_load(text)["services"]
    for service in raw.values():
        for name, value in service.get("environment", {}).items():
            if any(word in name for word in ("API_KEY", "SECRET", "TOKEN", "PASSWORD")):
                assert str(value).startswith("${"), name


def test_every_port_is_bound_to_loopback() -> None:
    ports = [port for service in services().values() for port in service.get("ports", [])]
    assert len(ports) == 3
    for port in ports:
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port), port
    assert "ports" not in services()["llm"]
    assert all("network_mode" not in service for service in services().values())


def test_images_are_pinned() -> None:
    for service in services().values():
        assert PINNED.fullmatch(service["image"]), service["image"]
    defaults = dict(rest.partition("=")[::2] for name, rest in instructions() if name == "ARG")
    bases = [rest.split()[0] for name, rest in instructions() if name == "FROM"]
    for base in bases:
        image = re.sub(r"\$\{(\w+)\}", lambda match: defaults[match[1]], base)
        assert PINNED.fullmatch(image), image


def test_every_service_has_a_health_check() -> None:
    for name, service in services().items():
        check = service.get("healthcheck")
        assert check or service.get("build") == ".", name
        if check:
            assert check["test"][0] == "CMD"
            assert {"interval", "timeout", "start_period", "retries"} <= set(check)
    assert services()["api"]["depends_on"] == {"qdrant": {"condition": "service_healthy"}}


def test_what_is_mounted_is_declared() -> None:
    whole = compose(QDRANT_API_KEY="secret")
    for service in services().values():
        for mount in service["volumes"]:
            source = mount.split(":")[0]
            assert source in whole["volumes"] or (ROOT / source).is_dir(), mount
    assert "qdrant:/qdrant/storage" in services()["qdrant"]["volumes"]
    assert services()["qdrant"]["environment"]["QDRANT__TELEMETRY_DISABLED"] == "true"
    assert list(services()["llm"]["profiles"]) == ["llm"]


def test_the_service_may_do_nothing_it_need_not() -> None:
    api = services()["api"]
    assert api["read_only"] is True
    assert api["cap_drop"] == ["ALL"]
    assert api["tmpfs"] == ["/tmp"]
    assert "data:/data" in api["volumes"]
    assert any(mount.endswith(":/documents:ro") for mount in api["volumes"])


def image_environment() -> dict[str, str]:
    words = [word for name, rest in last_stage() if name == "ENV" for word in shlex.split(rest)]
    return dict(word.split("=", 1) for word in words)


def test_the_settings_are_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (image_environment() | services()["api"]["environment"]).items():
        if name.startswith("SEMSEARCH_"):
            monkeypatch.setenv(name, value)
    settings = load_settings()
    assert settings.store.url == "http://qdrant:6333"
    assert settings.auth.mode == "keys"
    assert settings.logging.format == "json"
    assert settings.data_dir == Path("/data")
    assert settings.embedder.cache_dir.is_relative_to(settings.data_dir)


def test_the_image_runs_our_command_as_nobody_in_particular() -> None:
    user = one("USER").split(":")
    assert user[0] not in ("root", "0") and user[0].isdigit()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (command,) = json.loads(one("ENTRYPOINT"))
    assert command in project["scripts"]
    order = [name for name, _ in last_stage()]
    assert order.index("USER") < order.index("ENTRYPOINT")
    assert order.index("USER") > max(i for i, name in enumerate(order) if name == "RUN")
    assert one("VOLUME") == "/data"
    assert all("PIP" not in name for name in image_environment())


def test_the_command_of_the_image_starts_with_these_options() -> None:
    from typer.main import get_command

    from cli.main import app

    subcommand, *options = json.loads(one("CMD"))
    group: Any = get_command(app)
    context = group.commands[subcommand].make_context(subcommand, list(options))
    assert context.params["host"] == "0.0.0.0"
    assert str(context.params["port"]) == one("EXPOSE")
    assert f"', {one('EXPOSE')}," in one("HEALTHCHECK")


def test_what_is_copied_exists_and_is_let_through() -> None:
    allowed = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    }
    assert set(copied()) == allowed
    for source in copied():
        assert (ROOT / source).exists(), source
    ignored = [".env", ".git", ".semsearch", "tests", "compose.yaml"]
    assert not any(fnmatch(name, pattern) for name in ignored for pattern in allowed)


def can_build() -> bool:
    try:
        return int(version("setuptools").split(".")[0]) >= 77
    except PackageNotFoundError:
        return False


@pytest.mark.slow
@pytest.mark.skipif(not can_build(), reason="setuptools 77 or newer is not installed")
def test_the_package_is_whole_when_built_from_what_is_copied(tmp_path: Path) -> None:
    source = tmp_path / "src"
    source.mkdir()
    for name in copied():
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copy2(ROOT / name, source)
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet",
         "--disable-pip-version-check", "--wheel-dir", str(tmp_path), "."],
        cwd=source, check=True,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        built = set(packed.namelist())
        packed.extractall(tmp_path / "installed")
    rooms = ("search", "ingest", "api", "cli")
    ours = {
        path.relative_to(source).as_posix()
        for room in rooms
        for path in (source / room).rglob("*")
        if path.is_file()
    }
    assert ours <= built
    shown = subprocess.run(
        [sys.executable, "-P", "-c", "import cli.main; print(cli.main.__file__); cli.main.main()",
         "serve", "--help"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True, text=True,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith(str(tmp_path / "installed"))
    assert "--host" in shown.stdout


@contextmanager
def listener(status: int) -> Iterator[int]:
    """Answer every request with a status."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def healthy(command: list[str], port: int, ours: int) -> bool:
    """Run a health check, on another port than its own."""
    assert any(str(port) in word for word in command)
    asked = [word.replace(str(port), str(ours)) for word in command]
    return subprocess.run(asked, capture_output=True, timeout=20).returncode == 0


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_the_health_check_of_qdrant_asks_whether_it_is_ready() -> None:
    command = services()["qdrant"]["healthcheck"]["test"][1:]
    with listener(200) as port:
        assert healthy(command, 6333, port)
    with listener(503) as port:
        assert not healthy(command, 6333, port)
    assert not healthy(command, 6333, free_port())


def image_health_check() -> list[str]:
    command = one("HEALTHCHECK").partition("CMD ")[2]
    python, *rest = json.loads(command)
    assert python == "python"
    return [sys.executable, *rest]


def test_the_health_check_of_the_image_asks_whether_it_is_ready(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "urlop.md").write_text("# Urlop\n\nUrlop przysługuje każdemu.\n")
    settings = index_folder(tmp_path / "docs", tmp_path)
    server = uvicorn.Server(
        uvicorn.Config(create_app(settings), port=0, log_level="critical", ws="none")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
        port = server.servers[0].sockets[0].getsockname()[1]
        assert healthy(image_health_check(), 8000, port)
    finally:
        server.should_exit = True
        thread.join()
    with listener(503) as port:
        assert not healthy(image_health_check(), 8000, port)
    assert not healthy(image_health_check(), 8000, free_port())


def has_compose() -> bool:
    docker = shutil.which("docker")
    return (
        docker is not None
        and not subprocess.run([docker, "compose", "version"], capture_output=True).returncode
    )


@pytest.mark.skipif(not has_compose(), reason="Docker Compose is not installed")
def test_compose_itself_reads_it_as_we_do() -> None:
    command = ["docker", "compose", "--profile", "llm", "config", "--format", "json"]
    environment = {**os.environ, "QDRANT_API_KEY": "secret"}
    read = subprocess.run(
        command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    )
    assert json.loads(read.stdout)["services"].keys() == services().keys()
    del environment["QDRANT_API_KEY"]
    assert subprocess.run(command, cwd=ROOT, env=environment, capture_output=True).returncode
