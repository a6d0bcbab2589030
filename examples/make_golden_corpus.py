"""Writes `golden/corpus.jsonl`: the text of every example document, as our parsers read it.

Run it after a change of the documents or the parsers: `make examples`. A test holds that the
file is up to date.
"""

import json
import sys
from pathlib import Path

from ingest.metadata import readable_name
from ingest.parsers import parse
from ingest.scan import scan
from ingest.sidecar import Rules

EXAMPLES = Path(__file__).resolve().parent


def corpus() -> str:
    """Return the corpus as JSON lines, ordered by path."""
    lines = []
    for file in scan(EXAMPLES, EXAMPLES, Rules("examples")):
        document = parse(file.absolute)
        passage = {
            "_id": file.path,
            "title": document.title or readable_name(file.path),
            "text": "\n\n".join(block.text for block in document.blocks),
        }
        lines.append(json.dumps(passage, ensure_ascii=False))
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the file."""
    target = EXAMPLES / "golden" / "corpus.jsonl"
    target.write_text(corpus(), encoding="utf-8")
    sys.stdout.write(f"{target.name} made\n")


if __name__ == "__main__":
    main()
