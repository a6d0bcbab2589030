"""Numbers as JSON knows them: neither strings nor truth values pass for one."""

from typing import Annotated, Any

from pydantic import BeforeValidator


def _number(value: Any) -> Any:
    if isinstance(value, bool | str):
        raise ValueError("must be a number")
    return value


OnlyNumbers = BeforeValidator(_number)
Whole = Annotated[int, OnlyNumbers]
Number = Annotated[float, OnlyNumbers]
