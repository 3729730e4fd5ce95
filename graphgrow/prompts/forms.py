"""The forms of question in one table: what a reply to each looks like, in words and as JSON schema, and its length.

Schemas have no references and no titles, so that they are fit for strict mode and for grammars.
"""

from dataclasses import dataclass
from functools import cache

from graphgrow.graph.model import Form, Json

QUESTION_CHARACTERS = 120  # of a question that a model thought of
RELATIONS_AT_MOST = 8
LISTS_AT_MOST, TARGETS_AT_MOST = 2, 8
MAX_TOKENS = 480
VERDICT_TOKENS = 80
NAMES_TOKENS = 64  # of eight names and what a model says before them
NAMES_TEMPERATURE = 0.3  # what comes to mind first is true most often
STATED_TOKENS = 16
QUESTION_TOKENS = 32  # a question of fourteen words, with its quotation marks
ONE_TOKEN = 1  # of a reply that is read from log-probabilities
VERDICTS = ["same", "different", "broader", "narrower"]


@dataclass(frozen=True, slots=True)
class ReplyForm:
    """How a reply looks: an example in JSON for the prompt, and the system prompt that goes with it ("" for none)."""

    example: str
    system: str = ""


RELATIONS = ReplyForm('{"relations":[{"source":"...","predicate":"...","target":"..."}]}', "system")
LISTS = ReplyForm('{"relations":[{"source":"...","predicate":"...","target":["...","..."]}]}', "survey_system")
QUESTIONS = ReplyForm('{"questions":["...","..."]}')
VERDICT = ReplyForm('{"verdict":"same or different or broader or narrower","why":"..."}')

NAMES = ReplyForm("name, name, name", "names_system")
YES_OR_NO = ReplyForm("yes", "fact_check_system")

FORMS: dict[Form, ReplyForm] = {
    "seed": RELATIONS,
    "expand": RELATIONS,
    "list": LISTS,
    "facet": NAMES,
    "connect": RELATIONS,
    "join": RELATIONS,
    "between": RELATIONS,
    "consolidate": RELATIONS,
    "kin": RELATIONS,
    "widen": RELATIONS,
    "check": RELATIONS,
    "intents": QUESTIONS,
    "arbitrate": VERDICT,
    "fact_check": YES_OR_NO,
}
# Forms of growth that have a template of their own, of that name; "list" has survey.txt.
TEMPLATED: frozenset[Form] = frozenset(("connect", "join", "between", "consolidate", "kin", "widen"))


def reply_limit(tokens: int, reply_tokens: int | None, *, grows: bool = False) -> int:
    """Return the limit of a reply that has one of `tokens` by itself, where somebody set that of replies.

    A question that `grows` the graph may have all of it, another its share of a long reply's; neither gets less than by
    itself but where that is more than the limit. One token stays one token.
    """
    if reply_tokens is None or tokens == ONE_TOKEN:
        return tokens
    if grows and reply_tokens > MAX_TOKENS:
        return reply_tokens
    return min(reply_tokens, max(tokens, -(-tokens * reply_tokens // MAX_TOKENS)))


def _text(most: int) -> Json:
    return {"maxLength": most, "minLength": 1, "type": "string"}


def _object(properties: Json) -> Json:
    return {
        "additionalProperties": False,
        "properties": properties,
        "required": list(properties),
        "type": "object",
    }


@cache
def relations_schema(predicates: tuple[str, ...] = (), most: int = RELATIONS_AT_MOST) -> Json:
    """Return the schema of a reply of relations; an empty list is an honest answer.

    With `predicates` an endpoint that takes schemas is held to these, with `most` to so many relations.
    """
    row = _object({"source": _text(80), "predicate": _predicate(predicates), "target": _text(80)})
    return _object({"relations": {"items": row, "maxItems": most, "type": "array"}})


@cache
def lists_schema(predicates: tuple[str, ...] = ()) -> Json:
    """Return the schema of a reply of lists: many targets of one relation or two."""
    targets: Json = {"items": _text(80), "maxItems": TARGETS_AT_MOST, "minItems": 1, "type": "array"}
    row = _object({"source": _text(80), "predicate": _predicate(predicates), "target": targets})
    return _object({"relations": {"items": row, "maxItems": LISTS_AT_MOST, "type": "array"}})


def _predicate(predicates: tuple[str, ...]) -> Json:
    return {"type": "string", "enum": list(predicates)} if predicates else _text(40)


@cache
def questions_schema(count: int) -> Json:
    """Return the schema of a reply of up to `count` questions."""
    text: Json = {"type": "string", "minLength": 1, "maxLength": QUESTION_CHARACTERS}
    return _closed({"questions": {"type": "array", "items": text, "maxItems": count}})


@cache
def verdict_schema() -> Json:
    """Return the schema of a verdict on two names, with its reason."""
    return _closed({"verdict": {"type": "string", "enum": VERDICTS}, "why": {"type": "string", "maxLength": 120}})


def _closed(properties: Json) -> Json:
    """Return an object of these properties, its keys in the order that recorded prompts have them in."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
