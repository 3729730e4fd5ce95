"""Several intents for one concept: the model lists questions about it, and the most different ones are asked.

A question that was listed becomes the angle of a focus: it is asked once, as data between quotation marks.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import canonical, clean
from graphgrow.graph.model import INTENTS, Answer, Delta, Expansion, Focus, Json, Outcome, Question, Reject
from graphgrow.measure import measure
from graphgrow.parse.reply import split_thinking
from graphgrow.parse.salvage import DECODER
from graphgrow.policy.round import STEERED
from graphgrow.prompts.further import example, intents
from graphgrow.prompts.render import EXPAND, QUESTION_CHARACTERS, angles, kind
from graphgrow.resolve.hygiene import RULES
from graphgrow.resolve.resolve import Resolver

MOST = 6  # questions about a concept that are asked; the model is asked for twice as many
ALIKE = 0.85  # two questions as alike as that ask for the same
_DEPTH = 4  # of the lists in a reply
_RULES = ("no letters", "markup", "identifier", "placeholder", "script")
_LISTS = re.compile(r"q|intent|text|\d+$", re.IGNORECASE)  # the keys under which models put questions
_START = re.compile(r"""\[\s*+["'{\]]|\{\s*+["'}]""")
_STRING = re.compile(r'"((?:[^"\\\n]|\\.)*+)"(?=\s*+(?:[,\]}\n]|$))')
_ITEM = re.compile(r"^[ \t]*+(?:[-*•]|\(?\d+[.):]|Q\d*[.:])[ \t]*+(\S.*)$", re.MULTILINE)
_LABEL = re.compile(r"^(?:\(?\d+[.):]|Q(?:uestion)?\s?\d*[.:])\s*+", re.IGNORECASE)

Likeness = Callable[[Sequence[str]], list[list[float]]]


def opened(focus: Focus, graph: Graph) -> Focus:
    """Return the question for intents where a focus takes up a concept that had none, else the focus itself.

    What somebody has set by hand is asked as it is.
    """
    is_plain = len(focus.concepts) == 1 and focus.angle in angles() and focus.strategy != STEERED
    is_new = is_plain and (INTENTS, *map(graph.representative, focus.concepts)) not in graph.asked
    return replace(focus, angle=INTENTS) if is_new else focus


def waiting(graph: Graph) -> Iterator[Focus]:
    """Yield the intents that were chosen and not asked yet, oldest first."""
    return chain.from_iterable(graph.intents.values())


def question(focus: Focus, graph: Graph, topic: str, count: int, seed: int) -> Question:
    """Return the question for twice as many intents as are to be asked."""
    return Question(focus, intents(focus, graph, topic, 2 * count, schema=_schema(2 * count), seed=seed))


def _schema(count: int) -> Json:
    text = {"type": "string", "minLength": 1, "maxLength": QUESTION_CHARACTERS}
    return {
        "type": "object",
        "properties": {"questions": {"type": "array", "items": text, "maxItems": count}},
        "required": ["questions"],
        "additionalProperties": False,
    }


def _count(schema: Json | None) -> int:
    """Return how many questions are to be asked, by the schema that was sent for them."""
    text = re.search(r"'maxItems': (\d+)", str(schema))
    return min(MOST, max(1, int(text[1]) // 2)) if text else MOST


def listed(
    graph: Graph, topic: str, asked: Question, answer: Answer, resolver: Resolver, *, seed: int, at: str
) -> Expansion:
    """Return the event that a list of questions is: those that differ most from each other and from what was asked."""
    found = read(answer.reply.text)
    fit, rejects = _sifted(found or (), topic)
    chosen = _chosen(fit, asked.focus, graph, _count(answer.prompt.schema), resolver)
    delta = Delta(questions=chosen, rejects=rejects)
    outcome, reason = _verdict(found, delta, answer.reply.finish_reason)
    return Expansion(
        seq=graph.seq + 1,
        topic=topic,
        focus=asked.focus,
        prompt=answer.prompt,
        reply=answer.reply,
        outcome=outcome,
        reason=reason,
        delta=delta,
        measures=measure(graph, delta),
        repairs=asked.repairs,
        seed=seed,
        at=at,
    )


def _verdict(found: tuple[str, ...] | None, delta: Delta, finish_reason: str) -> tuple[Outcome, str]:
    if found is None:
        return "unusable", "There is no list of questions in the reply."
    if not delta.questions:
        return (
            "empty",
            f"No question to ask, refused: {len(delta.rejects)}." if found else "The model gives no question.",
        )
    kept = f"the most different questions are asked next, {len(delta.questions)} of {len(found)}"
    return ("truncated" if finish_reason == "length" else "ok"), kept


def read(text: str) -> tuple[str, ...] | None:
    """Return the questions of a reply, in JSON, broken JSON or lines; None where it holds no list of any."""
    body = split_thinking(text)[0]
    values = list(_values(body))
    said = [one for value in values for one in _strings(value)]
    if not said and not values:
        _, bracket, inside = body.partition("[")
        said = _STRING.findall(inside) if bracket else []
    if not said:
        lines = [line.strip() for line in body.splitlines()]
        said = _ITEM.findall(body) or [line for line in lines if line.endswith("?")]
    texts = tuple(dict.fromkeys(filter(None, (_LABEL.sub("", clean(one).strip("\"'*` ")) for one in said))))
    return texts or (() if any(map(_is_list, values)) else None)


def _values(body: str) -> Iterator[object]:
    """Yield the JSON values of a text up to the first broken one."""
    end = 0
    while start := _START.search(body, end):
        try:
            value, end = DECODER.raw_decode(body, start.start())
        except (ValueError, RecursionError):
            return
        yield value


def _is_list(value: object) -> bool:
    return isinstance(value, list) or (isinstance(value, dict) and any(map(_LISTS.match, value)))


def _strings(value: object, depth: int = 0) -> Iterator[str]:
    """Yield the texts of a JSON value that stand where questions do."""
    inside: list[object] = []
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        inside = value
    elif isinstance(value, dict):
        inside = [inner for key, inner in value.items() if _LISTS.match(key)]
    for inner in inside if depth < _DEPTH else ():
        yield from _strings(inner, depth + 1)


def _sifted(found: Sequence[str], topic: str) -> tuple[list[str], tuple[Reject, ...]]:
    """Return the texts that can be asked, each once, and those that cannot with the rule against them."""
    fit, rejects = dict[str, str](), []
    for text in found[: 2 * MOST]:
        rule = _rule_against(text, topic)
        if rule:
            rejects.append(Reject(text[:QUESTION_CHARACTERS], rule))
        else:
            fit.setdefault(canonical(text), text)
    return list(fit.values()), tuple(rejects)


def _rule_against(text: str, topic: str) -> str:
    if len(text) > QUESTION_CHARACTERS:
        return "too long"
    if kind(text) != EXPAND or text in angles() or text == INTENTS:
        return "placeholder"
    if canonical(text) in example():
        return "echo of the prompt"
    return next((rule for rule in _RULES if RULES[rule](text, topic)), "")


def _chosen(fit: list[str], focus: Focus, graph: Graph, count: int, resolver: Resolver) -> tuple[str, ...]:
    """Return the most different questions, also different from what was asked about the concept already."""
    keys = tuple(map(graph.representative, focus.concepts))
    besides = [words for angle, words in angles().items() if (angle, *keys) in graph.asked]
    new = [text for text in fit if (text, *keys) not in graph.asked]
    meanings = resolver.identifier.meanings if resolver.identifier else None
    likeness: Likeness = spelled_alike if meanings is None else lambda texts: _cosines(meanings.vectors(texts))
    return most_different(new, count, besides, likeness)


def _cosines(rows: object) -> list[list[float]]:
    found: list[list[float]] = (rows @ rows.T).tolist()  # type: ignore[attr-defined]
    return found


def spelled_alike(texts: Sequence[str]) -> list[list[float]]:
    """Return how alike texts are written, 0 to 1: Dice's coefficient of their groups of three characters.

    Words that most of them share, such as the concept's name, tell nothing apart and are left out.
    """
    words = [canonical(text).split() for text in texts]
    held = Counter(word for line in words for word in set(line))
    telling = [[f" {word} " for word in line if 2 * held[word] <= len(texts)] for line in words]
    grams = [{word[n : n + 3] for word in line for n in range(len(word) - 2)} for line in telling]
    return [[_dice(one, other) for other in grams] for one in grams]


def _dice(one: set[str], other: set[str]) -> float:
    return 1.0 if one == other else 2 * len(one & other) / (len(one) + len(other))


def most_different(
    texts: Sequence[str], count: int, besides: Sequence[str] = (), likeness: Likeness = spelled_alike
) -> tuple[str, ...]:
    """Return up to `count` texts, each the least like those before it and like `besides`; none that repeats one.

    Gonzalez' greedy choice of centres (1985): the least distance between those chosen is half of the best, or more.
    """
    if not texts:
        return ()
    alike = likeness([*texts, *besides])
    nearest = [max(row[len(texts) :], default=0.0) for row in alike[: len(texts)]]
    chosen: list[int] = []
    while len(chosen) < min(count, len(texts)):
        best = min((place for place in range(len(texts)) if place not in chosen), key=lambda p: (nearest[p], p))
        if nearest[best] >= ALIKE:
            break
        chosen.append(best)
        nearest = [max(known, row[best]) for known, row in zip(nearest, alike, strict=False)]
    return tuple(texts[place] for place in chosen)
