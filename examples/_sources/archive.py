"""Make an Office file's bytes depend on its content alone.

An OOXML file is a zip archive. The libraries stamp its entries with the time of writing, and
openpyxl stamps the core properties too; both are replaced here by the document's own date.
"""

import re
import zipfile
from datetime import datetime
from io import BytesIO

MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)")
CONTENT_TYPES = "[Content_Types].xml"


def normalise(package: bytes, written: datetime) -> bytes:
    """Rewrite an OOXML package with sorted entries and `written` as its only date."""
    result = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(package)) as before,
        zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as after,
    ):
        for name in sorted(before.namelist(), key=_rank):
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            after.writestr(entry, _dated(name, before.read(name), written))
    return result.getvalue()


def _rank(name: str) -> tuple[bool, str]:
    """Put the content types first, as the packaging convention has it."""
    return (name != CONTENT_TYPES, name)


def _dated(name: str, content: bytes, written: datetime) -> bytes:
    if name != "docProps/core.xml":
        return content
    stamp = written.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    return MODIFIED.sub(rb"\g<1>" + stamp + rb"\g<2>", content)
