"""How routes that find passages answer: the hits, and what is counted around them."""

from api.schemas import SearchOut, Selection
from search.deadline import Deadline
from search.domain import Principal, SearchResult
from search.filters import Expression
from search.pipeline import Pipeline


def lay_out(
    result: SearchResult,
    asked: Selection,
    pipeline: Pipeline,
    principal: Principal,
    where: Expression,
    deadline: Deadline,
) -> SearchOut:
    """Count the documents that match the filter, and lay a result out.

    Raises:
        DeadlineError: the deadline passed.
    """
    trace = result.trace
    with trace.span("count"):
        deadline.check("count the documents")
        total = pipeline.store.count_documents(principal, where)
    trace.attributes["total"] = total
    with trace.span("facets"):
        facets = pipeline.facets(asked.facets, principal, where, deadline)
    spec = pipeline.embedder.spec
    return SearchOut.of(
        result,
        grouped=asked.per_document is not None,
        total=total,
        facets=facets,
        model=spec.name,
        revision=spec.revision,
    )
