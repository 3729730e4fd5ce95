"""JSON answers of a form: objects that a schema takes, a list of questions, a verdict on two names."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from graphgrow.graph.keys import clean
from graphgrow.graph.model import Json
from graphgrow.graph.thinking import split_thinking
from graphgrow.parse.json_text import json_objects, json_values, salvage

if TYPE_CHECKING:
    from pydantic import BaseModel

M = TypeVar("M", bound="BaseModel")
Verdict = Literal["", "same", "different", "broader", "narrower"]

REASON_CHARACTERS = 200
LAST_HOLDS = json.JSONDecoder(strict=False)  # of a key that is said twice
_DEPTH = 4  # of the lists in a reply of questions
_QUESTION_KEY = re.compile(r"q|intent|text|\d+$", re.IGNORECASE)  # the keys under which models put questions
_STRING = re.compile(r'"((?:[^"\\\n]|\\.)*+)"(?=\s*+(?:[,\]}\n]|$))')
_ITEM = re.compile(r"^[ \t]*+(?:[-*•]|\(?\d+[.):]|Q\d*[.:])[ \t]*+(\S.*)$", re.MULTILINE)
_LABEL = re.compile(r"^(?:\(?\d+[.):]|Q(?:uestion)?\s?\d*[.:])\s*+", re.IGNORECASE)


class Unreadable(ValueError):
    """A reply that cannot be used; the message says why, in a sentence that helps the model to mend it."""


def read(text: str, form: type[M]) -> M:
    """Return the first object in a reply that fits a form; raises Unreadable with what is wrong where none does."""
    from pydantic import ValidationError

    answer, _ = split_thinking(text)
    problem = "The reply holds no JSON object."
    for value in list(json_objects(answer)) or salvage(answer).values:
        try:
            return form.model_validate(value)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"])) or "The object"
            is_missing = first["type"] == "missing"
            problem = f'The object has no "{place}".' if is_missing else f"{place}: {first['msg']}."
    raise Unreadable(problem)


def read_all(text: str, form: type[M]) -> list[M]:
    """Return every JSON object of a reply that fits a form: what is left of a list that was cut off."""
    from pydantic import ValidationError

    answer, _ = split_thinking(text)
    objects: list[M] = []
    for value in salvage(answer).values:
        with suppress(ValidationError):
            objects.append(form.model_validate(value))
    return objects


def read_verdict(text: str) -> tuple[Verdict, str]:
    """Return the last verdict on two names in a reply, and its reason; "" where it holds none."""
    answer, _ = split_thinking(text)
    for brace in reversed(list(re.finditer(r"\{", answer))):
        try:
            value, _ = LAST_HOLDS.raw_decode(answer, brace.start())
        except (ValueError, RecursionError):
            continue
        verdict = str(value.get("verdict")).strip().casefold()
        if verdict in {"same", "different", "broader", "narrower"}:
            return cast("Verdict", verdict), clean(str(value.get("why") or ""))[:REASON_CHARACTERS]
    return "", ""


def read_questions(text: str) -> tuple[str, ...] | None:
    """Return the questions of a reply, in JSON, broken JSON or lines; None where it holds no list of any."""
    body = split_thinking(text)[0]
    values, _ = json_values(body)
    questions = [one for value in values for one in _strings(value)]
    if not questions and not values:
        _, bracket, inside = body.partition("[")
        questions = _STRING.findall(inside) if bracket else []
    if not questions:
        lines = [line.strip() for line in body.splitlines()]
        questions = _ITEM.findall(body) or [line for line in lines if line.endswith("?")]
    texts = (_LABEL.sub("", clean(one).strip("\"'*` ")) for one in questions)
    has_list = any(
        isinstance(value, list) or (isinstance(value, dict) and any(map(_QUESTION_KEY.match, value)))
        for value in values
    )
    return tuple(dict.fromkeys(filter(None, texts))) or (() if has_list else None)


def _strings(value: object, depth: int = 0) -> Iterator[str]:
    """Yield the texts of a JSON value that stand where questions do."""
    inside: list[object] = []
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        inside = value
    elif isinstance(value, dict):
        inside = [inner for key, inner in value.items() if _QUESTION_KEY.match(key)]
    for inner in inside if depth < _DEPTH else ():
        yield from _strings(inner, depth + 1)


@cache
def schema(form: "type[BaseModel]") -> Json:
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
    kept = {key: inner for key, inner in value.items() if key not in {"title", "description", "$defs", "default"}}
    return {
        key: {name: _bare(one, definitions) for name, one in inner.items()}
        if key == "properties"
        else _bare(inner, definitions)
        for key, inner in kept.items()
    }
