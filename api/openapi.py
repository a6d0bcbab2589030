"""The service's own description, as it is checked in: `make openapi` writes it anew."""

import json
import tempfile
from pathlib import Path

from api.app import create_app
from search.settings import load_settings

PATH = Path(__file__).parents[1] / "docs" / "openapi.json"


def document() -> str:
    """Return the OpenAPI document of a service with default settings, in a form that diffs well."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(load_settings(data_dir=Path(folder), auth={"mode": "keys"}))
    return json.dumps(app.openapi(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    PATH.write_text(document(), encoding="utf-8")
