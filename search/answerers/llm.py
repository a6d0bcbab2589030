"""Answers with a language model, and keeps of what it writes only what the passages say."""

from collections.abc import Generator, Iterator
from contextlib import closing
from typing import cast

from pydantic import ValidationError

from search.answer_settings import AnswerSettings
from search.answerers.base import Answer, Citation
from search.answerers.checks import Claim, find_quote, is_supported
from search.answerers.drafts import DraftReader
from search.answerers.prompts import ReplyOut, messages_for, reply_schema
from search.deadline import NEVER, Deadline
from search.llms.base import LLM, Completion, Prompt, Usage
from search.llms.prompts import language_of
from search.pool import Pool


class LlmAnswerer:
    """Asks any language model; what cannot be checked is not answered."""

    def __init__(self, llm: LLM, settings: AnswerSettings, name: str | None = None) -> None:
        """Wrap a model.

        Args:
            llm: the model.
            settings: how much it is given, how much it may write, what a claim must hold.
            name: of the arm; by the model's when None.
        """
        self._llm = llm
        self._settings = settings
        self._name = name

    @property
    def name(self) -> str:
        """Return the name of the arm, e.g. `llm:smollm2`."""
        return self._name or f"llm:{self._llm.spec.name}"

    def answer(self, pool: Pool, deadline: Deadline = NEVER) -> Answer:
        """Answer from the first passages of a pool; the model is not asked when there are none.

        Raises:
            DeadlineError: the deadline passed before there was an answer.
            ModelError: the model cannot be loaded, reached or run.
        """
        if not pool.hits:
            return Answer("", withheld="no passages")
        deadline.check("write an answer")
        language = language_of(pool.query, pool.hits[0].document.language)
        return self._checked(
            pool, language, self._llm.complete(self._ask(pool, language), deadline)
        )

    def stream(self, pool: Pool, deadline: Deadline = NEVER) -> Iterator[str | Answer]:
        """Yield the claims as they are written, and at the end the checked answer.

        Raises:
            DeadlineError: the deadline passed before there was an answer.
            ModelError: the model cannot be loaded, reached or run.
        """
        if not pool.hits:
            yield Answer("", withheld="no passages")
            return
        deadline.check("write an answer")
        language = language_of(pool.query, pool.hits[0].document.language)
        written = self._llm.stream(self._ask(pool, language), deadline)
        draft = DraftReader()
        # A model's stream is a generator: closing it stops the model, even where a caller that
        # left keeps this one alive for a while.
        with closing(cast(Generator[str | Completion], written)) as pieces:
            for piece in pieces:
                if isinstance(piece, Completion):
                    yield self._checked(pool, language, piece)
                elif more := draft.read(piece):
                    yield more

    def _ask(self, pool: Pool, language: str) -> Prompt:
        texts = [hit.chunk.text for hit in pool.hits[: self._settings.passages]]
        return Prompt(
            messages_for(pool.query, language, texts, self._settings.passage_characters),
            schema=reply_schema(len(texts)),
            max_tokens=self._settings.max_tokens,
        )

    def _checked(self, pool: Pool, language: str, completion: Completion) -> Answer:
        """Keep the claims that hold; without any there is no answer."""
        try:
            reply = ReplyOut.model_validate_json(completion.text)
        except ValidationError:
            return _withheld("unsupported", completion.usage, invalid_output=1)
        if not reply.answerable:
            return _withheld("unanswerable", completion.usage)
        claims = [Claim(" ".join(c.text.split()), c.passage - 1, c.quote) for c in reply.claims]
        kept: dict[str, Citation] = {}
        for claim in claims:
            if citation := self._citation(claim, pool, language):
                kept.setdefault(claim.text, citation)
        dropped = sum(claim.text not in kept for claim in claims)
        if not kept:
            return _withheld("unsupported", completion.usage, claims_dropped=dropped)
        events = {"claims_dropped": dropped} if dropped else {}
        citations = tuple(dict.fromkeys(kept.values()))
        return Answer(" ".join(kept), citations, usage=completion.usage, events=events)

    def _citation(self, claim: Claim, pool: Pool, language: str) -> Citation | None:
        """Return where a claim stands; None where it does not."""
        given = pool.hits[: self._settings.passages]
        if not 0 <= claim.passage < len(given):
            return None
        passage = given[claim.passage]
        text, spoken = passage.chunk.text, passage.document.language
        span = find_quote(claim.quote, text)
        if span is None:
            return None
        quote = text[slice(*span)]
        supported = is_supported(
            claim.text,
            quote,
            pool.query,
            spoken,
            same_language=spoken == language,
            share=self._settings.support,
        )
        return Citation(claim.passage, *span, quote) if supported else None


def _withheld(reason: str, usage: Usage, **events: int) -> Answer:
    return Answer("", withheld=reason, usage=usage, events={k: n for k, n in events.items() if n})
