"""One hypothesis: the question that asks for it, what is read out of a reply, and how new that is to the graph.

Its novelty is

    (1 - s) / 2 + a / 2

where s is the greatest likeness (likeness.py) of the hypothesis to an existing relation, read as a sentence, among
those of its concepts and their neighbours, and a is the mean over every two of its concepts of how far they are apart
(seeds.distance).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from itertools import combinations, islice
from statistics import fmean

from pydantic import BaseModel

from graphgrow.graph.display import card, line
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import clean
from graphgrow.graph.model import Json, Prompt
from graphgrow.parse.forms import Unreadable, read, schema
from graphgrow.prompts.render import fill, quoted, template
from graphgrow.reason.context import Said, named, said_of
from graphgrow.reason.likeness import Likeness
from graphgrow.reason.paths import shortest
from graphgrow.reason.seeds import FAR, Dials, Seed, distance
from graphgrow.reason.thinking import Inquiry

GOAL = 300  # characters
SENTENCE = 500
MAX_TOKENS = 320
IDEA = "idea"
FEWEST_RELATIONS, FURTHER_RELATIONS = 2, 4  # of a concept in a prompt; the further ones as far as feasibility goes
COMPARED = 400  # existing relations that a hypothesis is held against
NEAREST = 3
CONCEPTS = 6  # of a hypothesis
PARTS = ("title", "hypothesis", "mechanism", "prediction", "test")

NOVEL = (
    "Stay close to what is known: the next small step from it.",
    "Go a step beyond what is known.",
    "Surprise a specialist: join what nobody has joined, for a reason that holds.",
)
FEASIBLE = (
    "It need not be possible with the means of today.",
    "It can be tested within a few years.",
    "Any good laboratory can test it this year, with common materials and instruments.",
)
EFFECTIVE = (
    "It need not be of use.",
    "If it is true, it is of some use.",
    "If it is true, it changes what is wanted by a large and measurable amount.",
)


@dataclass(frozen=True, slots=True)
class Near:
    """An existing relation in words, the events that said it, and how like a hypothesis it is, 0 to 1."""

    words: str
    steps: tuple[int, ...]
    likeness: float


@dataclass(frozen=True, slots=True)
class Idea:
    """A hypothesis: how it would work, what it predicts, what would show it false, and how new it is to the graph.

    `concepts` are the two it begins with, by key, `names` those two as people read them; `apart` is how many relations
    part them, -1 where no path does. `won` is the share of its `compared` comparisons that it won.
    """

    title: str
    hypothesis: str
    mechanism: str
    prediction: str
    test: str
    concepts: tuple[str, str]
    names: tuple[str, str]
    kind: str
    apart: int
    novelty: float
    nearest: tuple[Near, ...]
    won: float = 0.5
    compared: int = 0

    def __repr__(self) -> str:
        return f"<Idea {line(self.title)!r}: {line(' and '.join(self.names))}, novelty {self.novelty:.2f}>"

    def _repr_html_(self) -> str:
        parts = {name: getattr(self, name) for name in ("hypothesis", "mechanism", "prediction", "test")}
        about = {"joins": " and ".join(self.names), "novelty": f"{self.novelty:.2f}", "won": f"{self.won:.2f}"}
        return card(self.title, parts | about)


class _Idea(BaseModel):
    title: str
    hypothesis: str
    mechanism: str
    prediction: str
    test: str


def question(graph: Graph, seed: Seed, dials: Dials, goal: str) -> str:
    """Return the question that asks for a hypothesis that joins two concepts, in the words of the dials."""
    one, other = seed.concepts
    count = FEWEST_RELATIONS + round(FURTHER_RELATIONS * dials.feasibility)
    return fill(
        "idea",
        topic=quoted(graph.topic),
        goal=f'What is wanted: "{quoted(goal, GOAL)}".' if goal else "Nobody said what it is for.",
        one=quoted(graph.name(one)),
        other=quoted(graph.name(other)),
        why=_why(seed),
        first=_known(graph, one, count),
        second=_known(graph, other, count),
        between=_path(graph, one, other),
        novelty=_band(dials.novelty, NOVEL),
        feasibility=_band(dials.feasibility, FEASIBLE),
        effectiveness=_band(dials.effectiveness, EFFECTIVE),
    )


def _band(dial: float, words: Sequence[str]) -> str:
    """Return the words for a dial: low, middle, high."""
    return words[min(len(words) - 1, int(dial * len(words)))]


def _why(seed: Seed) -> str:
    if seed.apart < 0:
        return "No path of relations joins them."
    return "They are related." if seed.apart == 1 else f"They are {seed.apart} relations apart."


def _known(graph: Graph, key: str, count: int) -> str:
    best = nlargest(count, graph.incident[key], key=graph.support)
    return _said([said_of(graph, relation, "") for relation in best]) or "nothing."


def _path(graph: Graph, one: str, other: str) -> str:
    names = [f'"{quoted(graph.name(key))}"' for key in shortest(graph, one, other, most=FAR)[1:-1]]
    return f"Between them lie {', '.join(names)}." if names else ""


def _said(relations: Sequence[Said]) -> str:
    return "; ".join(" - ".join(f'"{quoted(word)}"' for word in (r.source, r.predicate, r.target)) for r in relations)


def inquiry(graph: Graph, spellings: Mapping[str, str], seed: Seed, user: str, number: int) -> Inquiry:
    """Return what asks for the hypothesis of a seed; `number` is the seed of the draw."""
    prompt = Prompt(template("idea_system"), user, schema(_Idea), MAX_TOKENS, number)
    return Inquiry(IDEA, prompt, lambda text: _read(graph, spellings, text), seed.concepts)


def _read(graph: Graph, spellings: Mapping[str, str], text: str) -> Json:
    """Return the parts of an idea; raises Unreadable where one is empty or the hypothesis names nothing known."""
    parts = {name: clean(said)[:SENTENCE] for name, said in read(text, _Idea).model_dump().items()}
    empty = [name for name, said in parts.items() if not said]
    if empty:
        raise Unreadable(f"{', '.join(empty)}: say something.")
    if not named(graph, parts["hypothesis"], spellings):
        raise Unreadable("hypothesis: name both concepts as the question does.")
    return dict(parts)


def measured(graph: Graph, seed: Seed, parts: Mapping[str, object], likeness: Likeness) -> Idea:
    """Return an idea held against the graph."""
    title, hypothesis, mechanism, prediction, test = (str(parts[name]) for name in PARTS)
    one, other = map(graph.representative, seed.concepts)  # they may have been merged since they were chosen
    keys = list(dict.fromkeys([one, other, *named(graph, hypothesis)]))[:CONCEPTS]
    keys = [key for key in keys if key in graph.concepts]
    nearest = _nearest(graph, keys, hypothesis, likeness)
    steps = [len(shortest(graph, a, b, most=FAR)) - 1 for a, b in combinations(keys, 2)]
    apart = fmean(map(distance, steps)) if steps else 0.0
    closest = nearest[0].likeness if nearest else 0.0
    return Idea(
        title,
        hypothesis,
        mechanism,
        prediction,
        test,
        concepts=seed.concepts,
        names=(graph.name(one), graph.name(other)),
        kind=seed.kind,
        apart=seed.apart,
        novelty=round((1 - closest) / 2 + apart / 2, 4),
        nearest=nearest,
    )


def _nearest(graph: Graph, keys: Sequence[str], text: str, likeness: Likeness) -> tuple[Near, ...]:
    """Return the existing relations that say most nearly what a hypothesis says."""
    around = dict.fromkeys(relation for key in keys for relation in graph.incident[key])
    further = (r for key in keys for near in graph.neighbours[key] for r in graph.incident[near])
    tried = list(islice(dict.fromkeys([*around, *islice(further, COMPARED)]), COMPARED))
    said = [said_of(graph, relation, "") for relation in tried]
    near = zip(said, likeness.many(text, [one.words for one in said]), strict=True)
    best = nlargest(NEAREST, near, key=lambda one: one[1])
    return tuple(Near(one.words, one.steps, round(score, 4)) for one, score in best)
