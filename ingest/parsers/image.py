"""Pictures with text (png, jpg, tiff, bmp): scans, photographs of documents, screenshots."""

import warnings
from pathlib import Path

from PIL import Image, ImageSequence, UnidentifiedImageError

from ingest.parsers.base import DEFAULT_OPTIONS, ParsedDocument, ParsingOptions
from ingest.parsers.ocr import picture_blocks
from search.errors import (
    CorruptDocumentError,
    EmptyDocumentError,
    TooLargeError,
    UnsupportedFormatError,
)


def parse(path: Path, options: ParsingOptions = DEFAULT_OPTIONS) -> ParsedDocument:
    """Parse a picture, page by page."""
    if not options.ocr:
        raise UnsupportedFormatError("Pictures are not read while SEMSEARCH_PARSING__OCR is off.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                pages = getattr(picture, "n_frames", 1)
                content = tuple(
                    block
                    for number, frame in enumerate(ImageSequence.Iterator(picture), 1)
                    for block in picture_blocks(frame, number if pages > 1 else None, options)
                )
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooLargeError("The picture has too many pixels: scale it down.") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise CorruptDocumentError(
            "The picture cannot be decoded: save it again, or exclude it."
        ) from error
    if not content:
        raise EmptyDocumentError("There is no legible text in the picture: exclude it.")
    return ParsedDocument(blocks=content, pages=pages)
