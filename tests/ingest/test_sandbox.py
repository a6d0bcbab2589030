"""Hostile files: a worker may hang, crash or balloon; the parent and the other files go on."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingest.sandbox import Sandbox
from search.errors import (
    CorruptDocumentError,
    EmptyDocumentError,
    ParseError,
    ParserCrashedError,
    ParserTimeoutError,
    TooLargeError,
    UnsafeFileError,
    UnsupportedFormatError,
)
from search.settings import ParsingSettings
from tests.ingest.test_archives import archive

MIB = 1024**2


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(ParsingSettings(workers=1)) as made:
        yield made


def test_a_file_comes_back_as_it_was_parsed(sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "urlop.md"
    file.write_text(
        "# Urlop\n\nZaległy urlop do 30 września. 🌴\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    )
    from ingest.parsers import parse

    assert sandbox.parse(file) == parse(file)


@pytest.mark.parametrize(
    "name",
    ["two\nlines.txt", "ż" * 125 + ".txt", "za\udcbf\udcf3.txt", " .txt", "a;rm -rf *.txt"],
)
def test_odd_names(sandbox: Sandbox, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("Zaległy urlop.")
    assert sandbox.parse(tmp_path / name).blocks[0].text == "Zaległy urlop."


@pytest.mark.parametrize(
    ("name", "data", "error"),
    [
        ("a.docx", b"no package", CorruptDocumentError),
        ("a.txt", b" \n", EmptyDocumentError),
        ("a.xyz", b"?", UnsupportedFormatError),
        ("a.docx", archive({"word/document.xml": bytes(150 * MIB)}), UnsafeFileError),
        ("gone.txt", None, ParseError),
    ],
)
def test_errors_come_back_as_they_were_raised(
    sandbox: Sandbox, tmp_path: Path, name: str, data: bytes | None, error: type[ParseError]
) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(error) as raised:
        sandbox.parse(tmp_path / name)
    assert "\n" not in str(raised.value)


LAUGHS = "".join(f'<!ENTITY l{i + 1} "{f"&l{i};" * 10}">' for i in range(12))
BOMB = f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY l0 "lol">{LAUGHS}]><a>&l12;</a>'
EXTERNAL = '<!DOCTYPE a [<!ENTITY x SYSTEM "file://{secret}">]><p>before &x; after</p>'


@pytest.mark.parametrize("suffix", [".html", ".md", ".txt", ".xml"])
def test_entity_bombs_and_external_entities_are_harmless(
    sandbox: Sandbox, tmp_path: Path, suffix: str
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("top secret")
    for number, text in enumerate((BOMB, EXTERNAL.format(secret=secret))):
        file = tmp_path / f"{number}{suffix}"
        file.write_text(text)
        try:
            found = "".join(block.text for block in sandbox.parse(file).blocks)
        except ParseError:
            continue
        assert "top secret" not in found
        assert found.count("lol") < 10


@pytest.mark.parametrize("part", ["word/document.xml", "docProps/core.xml"])
def test_entities_in_office_files_are_harmless(sandbox: Sandbox, tmp_path: Path, part: str) -> None:
    import zipfile

    import docx

    plain, hostile = tmp_path / "plain.docx", tmp_path / "hostile.docx"
    made = docx.Document()
    made.add_paragraph("Umowa")
    made.save(str(plain))
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(hostile, "w") as new:
        for name in old.namelist():
            new.writestr(name, BOMB if name == part else old.read(name))
    start = time.monotonic()
    try:
        found = "".join(block.text for block in sandbox.parse(hostile).blocks)
        assert found.count("lol") < 10
    except ParseError:
        pass
    assert time.monotonic() - start < 20


def test_a_worker_imports_no_model_and_reaches_no_network(tmp_path: Path) -> None:
    script = """
        import sys, socket
        from ingest import worker
        worker._block_network()
        import ingest.parsers, ingest.archives, ingest.frames
        for attempt in (
            lambda: socket.create_connection(("127.0.0.1", 9)),
            lambda: socket.getaddrinfo("example.org", 80),
            lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9)),
        ):
            try:
                attempt()
            except PermissionError as error:
                assert "network" in str(error)
            else:
                raise SystemExit("connected")
        print(sorted({"torch", "sentence_transformers", "qdrant_edge"} & set(sys.modules)))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


def misbehaving(tmp_path: Path, script: str, **limits: float) -> Sandbox:
    """Return a sandbox whose worker is a script of the test."""
    file = tmp_path / "worker.py"
    file.write_text(textwrap.dedent(script))
    settings = ParsingSettings(workers=1).model_copy(update=limits)
    return Sandbox(settings, [sys.executable, str(file)])


@pytest.fixture
def text(tmp_path: Path) -> Path:
    file = tmp_path / "a.txt"
    file.write_text("Tekst.")
    return file


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] == "Z"


def eventually(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


@pytest.mark.processes
def test_a_worker_that_hangs_is_killed_with_what_it_started(tmp_path: Path, text: Path) -> None:
    script = f"""
        import subprocess, sys, time
        child = subprocess.Popen(["sleep", "600"])
        open({str(tmp_path / "pids")!r}, "a").write(f"{{child.pid}}\\n")
        time.sleep(600)
    """
    with misbehaving(tmp_path, script, timeout=2) as box:
        for _ in range(2):  # the second file gets a worker of its own
            with pytest.raises(ParserTimeoutError, match="SEMSEARCH_PARSING__TIMEOUT"):
                box.parse(text)
    pids = [int(line) for line in (tmp_path / "pids").read_text().split()]
    assert len(pids) == 2
    assert all(eventually(lambda pid=pid: gone(pid)) for pid in pids)  # type: ignore[misc]


@pytest.mark.processes
@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
        ("import sys; sys.exit('out of luck')", "out of luck"),
        ("import sys; sys.stdin.read(1); print('garbage, and more of it', flush=True)", ""),
        ("import os; os.write(1, (5).to_bytes(8, 'big') + b'12345')", "no valid answer"),
    ],
)
def test_a_worker_that_crashes_is_reported(
    tmp_path: Path, text: Path, script: str, said: str
) -> None:
    with misbehaving(tmp_path, script) as box, pytest.raises(ParseError) as raised:
        box.parse(text)
    assert isinstance(raised.value, ParserCrashedError | TooLargeError)
    assert said in str(raised.value)


@pytest.mark.processes
def test_a_worker_that_balloons_stays_within_its_memory(tmp_path: Path) -> None:
    bomb = tmp_path / "a.html"
    bomb.write_text("<p>" + "<b>x" * 3_000_000)
    with Sandbox(ParsingSettings(workers=1, memory_mb=300)) as box:
        with pytest.raises(ParseError) as raised:
            box.parse(bomb)
        assert isinstance(raised.value, TooLargeError | ParserCrashedError), raised.value
        bomb.write_text("<p>Umowa</p>")
        assert box.parse(bomb).blocks[0].text == "Umowa"


def test_too_much_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("słowo " * 100_000)
    settings = ParsingSettings(workers=1, max_text_mb=0.1)
    with Sandbox(settings) as box, pytest.raises(TooLargeError, match="MAX_TEXT_MB"):
        box.parse(file)


@pytest.mark.processes
def test_workers_die_with_a_killed_parent(tmp_path: Path, text: Path) -> None:
    script = f"""
        import sys, time
        from pathlib import Path
        from ingest.sandbox import Sandbox
        from search.settings import ParsingSettings
        box = Sandbox(ParsingSettings(workers=1))
        box.parse(Path({str(text)!r}))
        print(next(iter(box._started))._process.pid, flush=True)
        time.sleep(600)
    """
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    assert not gone(worker)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    assert eventually(lambda: gone(worker))


def test_closing_leaves_no_process(text: Path) -> None:
    box = Sandbox(ParsingSettings(workers=1))
    box.parse(text)
    [worker] = box._started
    box.close()
    assert gone(worker._process.pid)
    box.close()


@pytest.mark.processes
def test_a_worker_outlives_the_thread_that_first_used_it(text: Path) -> None:
    from threading import Thread

    with Sandbox(ParsingSettings(workers=1)) as box:
        thread = Thread(target=box.parse, args=(text,))
        thread.start()
        thread.join()
        [worker] = box._started
        time.sleep(0.2)
        assert worker.is_usable()
        assert box.parse(text).blocks[0].text == "Tekst."
