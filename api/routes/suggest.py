"""`/v1/suggest`."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.admission import Admitted
from api.auth import Reader
from api.deps import PipelineDep
from api.schemas import PROBLEMS
from api.schemas_similar import SuggestionOut, SuggestionsOut

router = APIRouter(prefix="/v1", tags=["search"], responses=PROBLEMS)


@router.get("/suggest", summary="Complete what is being typed")
def suggest(
    pipeline: PipelineDep,
    principal: Reader,
    deadline: Admitted,
    q: Annotated[
        str,
        Query(
            min_length=1,
            max_length=200,
            description="The beginnings of one or more words, in any order; case and diacritics "
            "do not matter.",
            examples=["zaleg"],
        ),
    ],
    limit: Annotated[int, Query(ge=1, le=50, description="Suggestions.")] = 10,
) -> SuggestionsOut:
    """Suggest titles and headings of documents that the caller may read."""
    deadline.check("look for suggestions")
    found = pipeline.store.suggest(q, principal, limit)
    return SuggestionsOut(suggestions=[SuggestionOut.of(suggestion) for suggestion in found])
