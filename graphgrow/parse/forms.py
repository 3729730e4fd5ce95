"""Replies of a stage: the first JSON object in them that its schema takes, mended where it is broken."""

from contextlib import suppress
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from graphgrow.graph.model import Json
from graphgrow.parse.reply import split_thinking
from graphgrow.parse.salvage import DECODER, salvage

M = TypeVar("M", bound=BaseModel)
MOST = 200  # places of a reply where an object may begin


class Unreadable(ValueError):
    """A reply that cannot be used; the message says why, in a sentence that helps the model to mend it."""


def read(text: str, form: type[M]) -> M:
    """Return the first object in a reply that fits a form; raises Unreadable with what is wrong where none does."""
    answer, _ = split_thinking(text)
    problem = "The reply holds no JSON object."
    for value in _objects(answer):
        try:
            return form.model_validate(value)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            problem = f"{'.'.join(map(str, first['loc'])) or 'The object'}: {first['msg']}."
    raise Unreadable(problem)


def read_all(text: str, form: type[M]) -> list[M]:
    """Return every JSON object of a reply that fits a form: what is left of a list that was cut off."""
    answer, _ = split_thinking(text)
    found: list[M] = []
    for value in salvage(answer).values:
        with suppress(ValidationError):
            found.append(form.model_validate(value))
    return found


def _objects(text: str) -> list[object]:
    found: list[object] = []
    start = text.find("{")
    for _ in range(MOST):
        if start < 0:
            break
        try:
            value, end = DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            end = start + 1
        else:
            found.append(value)
        start = text.find("{", end)
    return found or salvage(text).values


@cache
def schema(form: type[BaseModel]) -> Json:
    """Return the JSON schema of a form without titles and references, fit for strict mode and for grammars."""
    whole = form.model_json_schema()
    bare: Json = _bare(whole, whole.get("$defs", {}))
    return bare


def _bare(value: Any, definitions: dict[str, Any]) -> Any:  # noqa: ANN401  # JSON schema as pydantic types it
    if isinstance(value, list):
        return [_bare(item, definitions) for item in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        return _bare(definitions[value["$ref"].rpartition("/")[2]], definitions)
    kept = {key: inner for key, inner in value.items() if key not in {"description", "$defs", "default"}}
    return {
        key: {name: _bare(one, definitions) for name, one in inner.items()}
        if key == "properties"
        else _bare(inner, definitions)
        for key, inner in kept.items()
        if key != "title"
    }
