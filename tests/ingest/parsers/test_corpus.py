"""Real files: each parses or raises an error of ours, fast, without a socket."""

from pathlib import Path

import pytest

from ingest.parsers import is_supported, parse
from tests.ingest.parsers.samples import CORPUS, needs

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
QUALITY = [
    (
        "pdf/layout-parser-paper-fast.pdf",
        [
            "sophisticated model configurations complicate",
            "1 Introduction",
            "Deep Learning(DL)-based approaches are the state-of-the-art",
        ],
        ["efforts to improve reusabil-", "arXiv:2103"],
    ),
    (
        "pdf/copy-protected.pdf",
        ["on-going efforts to improve reusability", "1 Introduction"],
        ["e↵orts", "sophis-"],
    ),
    (
        "pdf/multi-column.pdf",
        [
            "retrieval can be practically implemented using dense representations alone",
            "1 Introduction",
            "7 Related Work",
            "8 Conclusion",
        ],
        ["representa-", "arXiv"],
    ),
    (
        "pdf/embedded-images-tables.pdf",
        [
            "The plot of inhibitor concentration over degree of surface coverage",
            "Table 1 Potentiodynamic polarization data",
        ],
        ["\ufffd"],
    ),
    (
        "pdf/pdf-bad-color-space.pdf",
        [
            "We aim to achieve net-zero",
            "Our ambition",
            "Our approach",
            "At Google, we’re working to accelerate the transition to a carbon-free future.",
            "operate our data centers and office campuses on 24/7",
            "Charting our path",
        ],
        ["net-zero | Our", "of the planet. 66 |"],
    ),
    (
        "pdf/embedded-images.pdf",
        [
            "approaching the vehicle",
            "doors and luggage compartment door closed",
            "If the card has been within the detection area 3 for approximately 15 minutes",
        ],
        [" | "],
    ),
    (
        "handbook-1p.docx",
        ["CHAPTER"],
        ["\x07"],
    ),
    (
        "docx-tables.docx",
        [
            "Simple uniform table",
            "Header Col 1 | Header Col 2\nLorem ipsum | A link example",
            "Nested Table",
            "Table with merged cells",
        ],
        [],
    ),
    (
        "example-with-scripts.html",
        [
            "Russian Offensive Campaign Assessment, December 13",
            "Belarusian forces remain unlikely to attack Ukraine",
        ],
        ["function(", "Skip to main content", "{"],
    ),
    (
        "example-steelJIS-datasheet-utf-16.html",
        [
            "SNB22-3 Chemical composition, standards and properties",
            "C | Si | Mn | P | S | Cr | Mo\n0.39 - 0.46 | 0.2 - 0.35 | 0.65 - 1.1",
        ],
        ["\ufffd"],
    ),
    (
        "eml/email-replace-mime-encodings-error-4.eml",
        ["Dear webpage team", "I’m Ihor, a representative of company!"],
        ["â", "Â"],
    ),
    (
        "eml/email-no-utf8-2008-07-16.062410.eml",
        ["RE: שלום", "From: Tamir Erez", "סלבה היקר"],
        ["ùìåí", "\ufffd"],
    ),
    (
        "stanley-cups-utf-16.csv",
        ["Team | Location | Stanley Cups\nBlues | STL | 1"],
        ["\t"],
    ),
    (
        "2023-half-year-analyses-by-segment.xlsx",
        ["3.1 Operating segments", "Zone NA | 12553 | 2713 | 2632", "Nespresso | 3128"],
        ["None", " nan "],
    ),
    (
        "winter-sports.epub",
        ["Winter Sports in Switzerland, by E. F. Benson", "From the Drawing by Fleming Williams"],
        ["<img", "urn:uuid"],
    ),
    (
        "fake-doc.rtf",
        ["My First Heading", "Column 1 | Column 2\nRow 1, Cell 1 | Row 1, Cell 2\nRow 2"],
        ["\\par"],
    ),
    (
        "factbook-utf-16.xml",
        ["name: United States\ncapital: Washington, DC", "sport: Track & Field"],
        ["<", "\ufffd"],
    ),
    (
        "umlauts-non-utf8.md",
        ["ä"],
        ["\ufffd", "Ã"],
    ),
]


@pytest.mark.parametrize(("name", "in_order", "junk"), QUALITY, ids=[q[0] for q in QUALITY])
def test_quality_of_extraction(name: str, in_order: list[str], junk: list[str]) -> None:
    """What must be there, in this order, and what must not."""
    needs(CORPUS.is_dir(), "shared/corpus")
    text = "\n".join(block.text for block in parse(CORPUS / name).blocks)
    place = 0
    for sentence in in_order:
        found = text.find(sentence, place)
        assert found >= 0, f"{sentence!r} is missing, or out of order"
        place = found
    for trash in junk:
        assert trash not in text


def test_examples_parse() -> None:
    paths = [p for p in sorted(EXAMPLES.glob("[a-z]*/*")) if is_supported(p)]
    paths = [p for p in paths if p.parent.name not in ("golden",)]
    assert len(paths) >= 40
    for path in paths:
        document = parse(path)
        assert document.blocks, path
        assert sum(len(block.text) for block in document.blocks) > 300, path
