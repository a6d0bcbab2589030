"""Make the Word, PowerPoint, Excel and PDF files of the example handbook.

The handbook belongs to a company that does not exist: Wolbrenta Maszyny Pakujące S.A. of
Toruń, a maker of packaging machines, and its German branch in Kassel. All of it was written
for this kit. The text formats (.md, .txt, .html, .csv, .eml) lie in the folders as they are;
the binary ones are made from Markdown: `_sources/hr/x.docx.md` becomes `hr/x.docx`.

The same sources give the same bytes, so a test can build into a temporary folder and compare::

    python examples/make_binaries.py [--output DIR]

Needs python-docx, python-pptx, openpyxl, fpdf2, and matplotlib for the font that it ships.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from _sources import markup, pdf, slides, word, workbook

EXAMPLES = Path(__file__).resolve().parent
SOURCES = EXAMPLES / "_sources"

Render = Callable[[markup.Document], bytes]

RENDERERS: dict[str, Render] = {
    ".docx": word.render,
    ".pptx": slides.render,
    ".xlsx": workbook.render,
    ".pdf": pdf.render,
}


def find_sources(folder: Path) -> list[Path]:
    """List the Markdown sources under `folder`, in the order of their names."""
    return sorted(folder.rglob("*.md"))


def target_of(source: Path) -> Path:
    """Name the file, relative to the examples folder, that `source` becomes."""
    return source.relative_to(SOURCES).with_suffix("")


def build(source: Path, output: Path) -> Path:
    """Make one file under `output` and return its path.

    Raises:
        ValueError: if the name asks for a format that no renderer makes, or the Markdown is
            outside the dialect of `markup`.
    """
    target = output / target_of(source)
    render = RENDERERS.get(target.suffix)
    if render is None:
        known = ", ".join(RENDERERS)
        raise ValueError(f"{source} asks for {target.suffix}: name it NAME{{{known}}}.md")
    content = render(markup.parse(source))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return target


def build_all(output: Path) -> list[Path]:
    """Make every binary file of the handbook under `output`."""
    return [build(source, output) for source in find_sources(SOURCES)]


def main() -> None:
    """Read the command line and build."""
    parser = argparse.ArgumentParser(description="Make the handbook's binary files again.")
    parser.add_argument(
        "--output",
        type=Path,
        default=EXAMPLES,
        help="folder to write to (default: the examples folder itself)",
    )
    made = build_all(parser.parse_args().output)
    sys.stdout.write(f"{len(made)} files made\n")


if __name__ == "__main__":
    main()
