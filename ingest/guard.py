"""Deletions that look like an accident: an unmounted share, a wrong folder, a slip."""

from ingest.plan import Withheld

SHARE = 0.2
COUNT = 10
"""More than this share of a source, and at least so many documents, take a confirmation."""

CONFIRM = "`--allow-mass-delete` confirms it"


def check(source: str, vanishing: int, indexed: int, trouble: str | None) -> Withheld | None:
    """Decide whether the documents of a source that have no file any more may go.

    Args:
        source: its root.
        vanishing: how many documents would go, renames not counted.
        indexed: how many documents the source has.
        trouble: what is wrong with the folder itself, if anything.

    Returns:
        None when they may, else what to tell.
    """
    if not vanishing:
        return None
    if trouble is None and (vanishing < COUNT or vanishing <= SHARE * indexed):
        return None
    reason = trouble or f"{vanishing} of its {indexed} documents have no file any more"
    return Withheld(source, vanishing, indexed, reason)
