"""Reads the claims out of JSON that is still being written."""

from pydantic_core import from_json


class DraftReader:
    """Takes a reply piece by piece and tells what each piece adds to the text of its claims."""

    def __init__(self) -> None:
        self._read = ""
        self._told = 0

    def read(self, piece: str) -> str:
        """Return the text that is new; empty where the piece holds none, or is no JSON."""
        self._read += piece
        try:
            reply = from_json(self._read, allow_partial="trailing-strings")
        except ValueError:
            return ""
        text = " ".join(_texts(reply))
        new, self._told = text[self._told :], max(self._told, len(text))
        return new


def _texts(reply: object) -> list[str]:
    claims = reply.get("claims") if isinstance(reply, dict) else None
    if not isinstance(claims, list):
        return []
    texts = (claim.get("text") for claim in claims if isinstance(claim, dict))
    return [text for text in texts if isinstance(text, str) and text]
