"""Several intents for one concept: the model lists questions about it, and the most different ones are asked.

A question that was listed becomes the angle of a focus: it is asked once, as data between quotation marks.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import loose
from graphgrow.graph.model import Delta, Focus, Proposal, Reject
from graphgrow.policy.round import STEERED
from graphgrow.prompts.forms import QUESTION_CHARACTERS, TEMPLATED
from graphgrow.prompts.render import angles, example_questions, surveys
from graphgrow.resolve.hygiene import RULES, Hygiene
from graphgrow.resolve.resolve import Resolver

MOST = 6  # questions about a concept that are asked; the model is asked for twice as many
ALIKE = 0.85  # two questions this similar ask for the same thing
_HYGIENE = Hygiene(frozenset(RULES) - {"no letters", "markup", "identifier", "placeholder", "script"})  # of questions

Likeness = Callable[[Sequence[str]], list[list[float]]]


def opened(focus: Focus, graph: Graph) -> Focus:
    """Return the question for intents where a focus takes up a concept that had none, else the focus itself.

    What somebody has set by hand is asked as it is.
    """
    is_plain = (
        len(focus.concepts) == 1
        and focus.form in {"seed", "expand"}
        and focus.angle in angles()
        and focus.strategy != STEERED
    )
    is_new = is_plain and ("intents", *map(graph.representative, focus.concepts)) not in graph.asked
    return replace(focus, angle="intents", form="intents") if is_new else focus


def waiting(graph: Graph) -> Iterator[Focus]:
    """Yield the intents that were chosen and not asked yet, oldest first."""
    return chain.from_iterable(graph.intents.values())


def resolve(
    proposal: Proposal, focus: Focus, graph: Graph, topic: str, resolver: Resolver, listed: int = 2 * MOST
) -> Delta:
    """Return what a list of questions means: those that differ most from each other and from what was asked already.

    Half of the `listed` ones that were wanted are to be asked.
    """
    fit, rejects = dict[str, str](), []
    for text in proposal.questions[: 2 * MOST]:
        if rule := _rule_against(text, topic):
            rejects.append(Reject(text[:QUESTION_CHARACTERS], rule))
        else:
            fit.setdefault(loose(text), text)

    keys = tuple(map(graph.representative, focus.concepts))
    besides = [words for angle, words in angles().items() if (angle, *keys) in graph.asked]
    new = [text for text in fit.values() if (text, *keys) not in graph.asked]

    def likeness(texts: Sequence[str]) -> list[list[float]]:
        rows: Any = resolver.known.vectors(texts) if resolver.known else None
        if rows is None:
            return spelled_alike(texts)
        cosines: list[list[float]] = (rows @ rows.T).tolist()
        return cosines

    questions = most_different(new, min(MOST, max(1, listed // 2)), besides, likeness)
    return Delta(questions=questions, rejects=tuple(rejects))


def _rule_against(text: str, topic: str) -> str:
    if len(text) > QUESTION_CHARACTERS:
        return "too long"
    if text in TEMPLATED or text in angles() or text in surveys() or text == "intents":
        return "placeholder"
    if loose(text) in example_questions():
        return "echo of the prompt"
    return _HYGIENE(text, topic)


def spelled_alike(texts: Sequence[str]) -> list[list[float]]:
    """Return how alike texts are written, 0 to 1: Dice's coefficient of their groups of three characters.

    Words that most of them share, such as the concept's name, distinguish nothing and are left out.
    """
    words = [loose(text).split() for text in texts]
    held = Counter(word for line in words for word in set(line))
    telling = [[f" {word} " for word in line if 2 * held[word] <= len(texts)] for line in words]
    grams = [{word[n : n + 3] for word in line for n in range(len(word) - 2)} for line in telling]
    return [
        [1.0 if one == other else 2 * len(one & other) / (len(one) + len(other)) for other in grams] for one in grams
    ]


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
