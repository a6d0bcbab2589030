"""The error tree: complete, and drawn as it is."""

import inspect
import re

import pytest

from search import errors
from search.errors import SemsearchError


def all_errors() -> list[type[SemsearchError]]:
    return [
        value
        for value in vars(errors).values()
        if inspect.isclass(value) and issubclass(value, SemsearchError)
    ]


@pytest.mark.parametrize("error", all_errors())
def test_the_drawing_tells_the_truth(error: type[SemsearchError]) -> None:
    drawing = errors.__doc__ or ""
    if error is SemsearchError:
        assert (error.exit_code, error.http_status) == (1, 500)
        return
    match = re.search(rf"── {error.__name__} +(\d) +(\d{{3}}) ", drawing)
    assert match, f"{error.__name__} is not in the drawing"
    assert (error.exit_code, error.http_status) == (int(match[1]), int(match[2]))


def test_nothing_is_drawn_that_is_not_there() -> None:
    drawn = set(re.findall(r"── (\w+)", errors.__doc__ or ""))
    assert drawn == {error.__name__ for error in all_errors()} - {"SemsearchError"}


@pytest.mark.parametrize("error", all_errors())
def test_codes_are_usable(error: type[SemsearchError]) -> None:
    assert 1 <= error.exit_code <= 63
    assert 400 <= error.http_status <= 599
    assert error.__doc__
