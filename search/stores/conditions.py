"""Who may see what and what was asked for, as one expression for every engine."""

from search.domain import Principal
from search.filters import EVERYTHING, All, Expression, Match


def permitted(principal: Principal, where: Expression = EVERYTHING, **fields: str | int) -> All:
    """Return what a chunk must satisfy to be read by `principal` under `where`.

    Args:
        principal: who asks.
        where: what was asked for.
        fields: further fields of the payload and the value that each must have.
    """
    allowed: list[Expression] = [Match("tenant", (principal.tenant,))]
    if not principal.admin:
        allowed.append(Match("access", principal.access_entries()))
    allowed += [Match(field, (value,)) for field, value in fields.items()]
    # Not nested: the engine looks up an index for each condition that stands by itself.
    asked = where.parts if isinstance(where, All) else (where,)
    return All((*allowed, *asked))
