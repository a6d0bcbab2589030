"""Answerers by name."""

import pytest

from search.answer_arms import build_answerer
from search.embedders.fake import FakeEmbedder
from search.errors import InputError
from search.settings import Settings


@pytest.mark.parametrize("name", ["null", "extractive"])
def test_a_name_is_built(name: str) -> None:
    assert build_answerer(name, Settings(), FakeEmbedder()).name == name


@pytest.mark.parametrize("name", ["", "llms", "nul", "extractive:x", "LLM:smollm2", "llm:"])
def test_a_name_that_is_none_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(InputError, match=r"null, extractive, llm, llm:MODEL"):
        build_answerer(name, Settings(), FakeEmbedder())
