"""Who may see what and what was asked for, as one list of conditions for every engine."""

from collections.abc import Mapping
from dataclasses import asdict

from search.domain import Filters, Principal

Conditions = Mapping[str, tuple[str | int, ...]]
"""Field -> values of which a chunk must have one; all fields must hold."""


def conditions(principal: Principal, filters: Filters) -> Conditions:
    """Return what a chunk must satisfy to be read by `principal` under `filters`."""
    allowed: dict[str, tuple[str | int, ...]] = {"tenant": (principal.tenant,)}
    if not principal.admin:
        allowed["access"] = principal.access_entries()
    wanted = {field: tuple(values) for field, values in asdict(filters).items() if values}
    return allowed | wanted
