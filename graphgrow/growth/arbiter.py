"""The model as arbiter: are two names that look alike one concept? Its verdict is an event with its bill."""

import json
import re
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import clean
from graphgrow.graph.model import (
    ARBITER,
    Answer,
    Change,
    Delta,
    Expansion,
    Focus,
    Question,
    Relation,
    Statement,
    Triple,
)
from graphgrow.measure import measure
from graphgrow.prompts.render import compare

ANGLE = "same"
_NO_VERDICT = 'The reply holds no {"verdict": ...} with same, different, broader or narrower.'
_BRACE = re.compile(r"\{")
_DECODER = json.JSONDecoder()
_WHY = 200  # characters


def _plain(value: object) -> object:
    return value.strip().casefold() if isinstance(value, str) else value


class _Verdict(BaseModel):
    model_config = ConfigDict(extra="ignore")

    verdict: Annotated[Literal["same", "different", "broader", "narrower"], BeforeValidator(_plain)]
    why: Annotated[str, BeforeValidator(lambda value: clean(str(value or ""))[:_WHY])] = ""


def question(doubt: Change, graph: Graph, topic: str, seed: int = 0) -> Question:
    """Return the question that decides a doubt, with what the graph knows about both names."""
    one, other = map(graph.representative, doubt.concepts)
    focus = Focus(ARBITER, (one, other), doubt.reason, doubt.score, ANGLE)
    return Question(focus, compare(one, other, graph, topic, schema=_schema(), seed=seed))


def _schema() -> dict[str, object]:
    return {
        "type": "object",
        "properties": {
            "verdict": {"type": "string", "enum": ["same", "different", "broader", "narrower"]},
            "why": {"type": "string", "maxLength": 120},
        },
        "required": ["verdict", "why"],
        "additionalProperties": False,
    }


def judgement(graph: Graph, topic: str, asked: Question, answer: Answer, *, seed: int, at: str) -> Expansion:
    """Return the event an answer is: a merge, a decision that the two are apart, or a reply that decides nothing."""
    found = _read(answer.reply.text)
    delta = _delta(graph, asked.focus, found) if found else Delta()
    event = Expansion(
        seq=graph.seq + 1,
        topic=topic,
        focus=asked.focus,
        prompt=answer.prompt,
        reply=answer.reply,
        outcome="ok" if found else "unusable",
        reason=f"{found.verdict}: {found.why}" if found else _NO_VERDICT,
        delta=delta,
        measures=measure(graph, delta),
        repairs=asked.repairs,
        seed=seed,
        at=at,
    )
    return replace(event, measures=measure(graph.ahead(event))) if event.delta.merged else event


def _read(text: str) -> _Verdict | None:
    """Return the last verdict of a reply, None where it holds none."""
    for start in reversed([match.start() for match in _BRACE.finditer(text)]):
        try:
            value, _ = _DECODER.raw_decode(text, start)
            return _Verdict.model_validate(value)
        except (ValueError, RecursionError):
            continue
    return None


def _delta(graph: Graph, focus: Focus, found: _Verdict) -> Delta:
    """Return what a verdict means; the general and the special term are two concepts, one a kind of the other."""
    one, other = map(graph.representative, focus.concepts)
    why = clean(f"the arbiter: {found.verdict}. {found.why}")
    if one == other or not {one, other} <= graph.concepts.keys():
        return Delta()  # somebody decided meanwhile
    if found.verdict == "same":
        older, newer = graph.by_age(one, other)
        return Delta(changes=(Change("merge", (newer, older), reason=why),))
    apart = (Change("apart", (one, other), reason=why),)
    if found.verdict == "different":
        return Delta(changes=apart)
    special, general = (other, one) if found.verdict == "broader" else (one, other)
    raw = Triple(graph.name(special), found.verdict, graph.name(general))
    return graph.delta(Statement(Relation(special, "is a", general), raw), changes=apart)
