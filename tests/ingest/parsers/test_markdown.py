from datetime import UTC, datetime
from pathlib import Path

from ingest.parsers import parse
from tests.ingest.parsers.files import blocks_of, text_file

NOTE = """---
title: Praca zdalna
author: Natalia Wróbel
date: 2025-06-01
---
# Regulamin pracy zdalnej

Akapit złamany
na dwa wiersze.

## Wymiar

1. Trzy dni
2. Dwa dni
   - wtorek

| Dzień | Godziny |
| --- | --- |
| wtorek | 8 |

```python
def f():
    return 1
```
"""


def test_note(tmp_path: Path) -> None:
    path = text_file(tmp_path / "a.md", NOTE)
    assert blocks_of(path) == [
        ("heading1", "Regulamin pracy zdalnej"),
        ("text", "Akapit złamany na dwa wiersze."),
        ("heading2", "Wymiar"),
        ("list", "1. Trzy dni"),
        ("list", "2. Dwa dni"),
        ("list1", "wtorek"),
        ("table", "Dzień | Godziny\nwtorek | 8"),
        ("code", "def f():\n    return 1"),
    ]
    document = parse(path)
    assert (document.title, document.author) == ("Praca zdalna", "Natalia Wróbel")
    assert document.modified == datetime(2025, 6, 1, tzinfo=UTC)


def test_without_front_matter_the_first_heading_is_the_title(tmp_path: Path) -> None:
    path = text_file(tmp_path / "a.markdown", "Wstęp\n\n# Tytuł\n", "utf-16")
    document = parse(path)
    assert document.title == "Tytuł"
    assert [block.text for block in document.blocks] == ["Wstęp", "Tytuł"]
