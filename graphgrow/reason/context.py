"""What a graph gives for a question, within a budget of tokens: the concepts that it names, and what stands near them.

Names in the question count first, in any of their spellings; then what means about the same; then how these hang
together (paths), what is said of them (relations, most fitting and best supported first), where they belong (the
leading concepts of their communities), and the hubs of the whole graph. The size never grows with the graph.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nlargest
from itertools import combinations, zip_longest

from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import canonical
from graphgrow.graph.model import Relation
from graphgrow.llm.usage import CHARACTERS_A_TOKEN
from graphgrow.policy.strategies.structure import SMALLEST, communities, members, structure
from graphgrow.prompts.render import quoted
from graphgrow.reason.likeness import Likeness
from graphgrow.reason.paths import hops, shortest

LONGEST = 8  # words of a name
READ = 2_000  # characters of a question
SEEDS = 6  # concepts that a context is about
JOINED = 4  # of them are joined by paths
STEPS = 5  # relations of a path that says something
TRIED = 200  # relations of a concept that are looked at
HUBS = 3
LEADERS = 3  # concepts of a community
SUPPORT = 0.05  # what one more time that a relation was said counts beside its likeness
MOST_SUPPORT = 4
QUOTED_STEPS = 3

_BREAK = re.compile(r"[\s\"'\u2018-\u201f?!,;:()\[\]{}<>|/]+")


@dataclass(frozen=True, slots=True)
class Shown:
    """A concept in a context: its id there, its key and name, and what is said of its place in the graph."""

    id: str
    key: str
    name: str
    place: str = ""

    @property
    def line(self) -> str:
        """The line that stands for it in a prompt."""
        return f'[{self.id}] "{quoted(self.name)}"{self.place}'


@dataclass(frozen=True, slots=True)
class Said:
    """A relation in a context: its id there, keys and names of its ends, the events that said it, and how often."""

    id: str
    keys: tuple[str, str]
    source: str
    predicate: str
    target: str
    steps: tuple[int, ...]
    support: int = 1

    @property
    def line(self) -> str:
        """The line that stands for it in a prompt."""
        said = " - ".join(f'"{quoted(word)}"' for word in (self.source, self.predicate, self.target))
        return f"[{self.id}] {said}"

    @property
    def words(self) -> str:
        """The relation as a sentence."""
        return f"{self.source} {self.predicate} {self.target}"


@dataclass(frozen=True, slots=True)
class Context:
    """What stands in a prompt; `seeds` are the concepts by key that it is about, those the question names first."""

    seeds: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    concepts: tuple[Shown, ...] = ()
    relations: tuple[Said, ...] = ()

    @property
    def text(self) -> str:
        """The lines of the prompt."""
        return "\n".join([*(one.line for one in self.concepts), *(one.line for one in self.relations)])


@dataclass(slots=True)
class _Basket:
    """Takes lines until the budget is full; `full` from the first that did not fit."""

    graph: Graph
    left: int
    concepts: dict[str, Shown] = field(default_factory=dict)
    relations: dict[Relation, Said] = field(default_factory=dict)
    full: bool = False

    def show(self, key: str, place: str = "") -> None:
        """Take in a concept."""
        shown = Shown(f"c{len(self.concepts) + 1}", key, self.graph.name(key), place)
        if key not in self.concepts and self._pays(shown.line):
            self.concepts[key] = shown

    def say(self, relations: Iterable[Relation]) -> None:
        """Take in relations as long as there is room."""
        for relation in relations:
            if self.full:
                return
            said = said_of(self.graph, relation, f"r{len(self.relations) + 1}")
            if relation not in self.relations and self._pays(said.line):
                self.relations[relation] = said

    def _pays(self, line: str) -> bool:
        cost = measure(line) + 1
        self.full = self.full or cost > self.left
        if not self.full:
            self.left -= cost
        return not self.full


def measure(text: str) -> int:
    """Return about how many tokens a text is: its bytes / 4, so that scripts with long characters count for more."""
    return -(-len(text.encode(errors="replace")) // CHARACTERS_A_TOKEN)


def said_of(graph: Graph, relation: Relation, name: str) -> Said:
    """Return a relation as a context shows it under an id."""
    steps = tuple(dict.fromkeys(one.seq for one in graph.relations[relation]))[:QUOTED_STEPS]
    ends = graph.name(relation.source), graph.name(relation.target)
    return Said(name, relation.ends, ends[0], relation.predicate, ends[1], steps, graph.support(relation))


def named(graph: Graph, text: str, spellings: Mapping[str, str] | None = None) -> list[str]:
    """Return the concepts that a text names, by key in their order there; of names inside each other the longest.

    With the `spellings` of the graph at hand it may be asked from a thread while the graph grows.
    """
    spelled = spelled_in(graph) if spellings is None else spellings
    words = [word for word in _BREAK.split(text[:READ]) if word]
    found, place = dict[str, None](), 0
    while place < len(words):
        key, length = _longest_at(graph, spelled, words, place)
        if key:
            found[key] = None
        place += length
    return list(found)


def _longest_at(graph: Graph, spelled: Mapping[str, str], words: list[str], place: int) -> tuple[str, int]:
    for length in range(min(LONGEST, len(words) - place), 0, -1):
        name = canonical(" ".join(words[place : place + length]))
        key = graph.representative(name)
        key = key if key in graph.concepts else spelled.get(name, "")
        if key and name:
            return key, length
    return "", 1


def spelled_in(graph: Graph) -> dict[str, str]:
    """Return what the other spellings of concepts mean, of those that could mean two the one that came first."""
    found: dict[str, str] = {}
    for key, concept in graph.concepts.items():
        for name in (concept.name, *concept.aliases):
            found.setdefault(canonical(name), key)
    return found


def gather(graph: Graph, question: str, likeness: Likeness, budget: int) -> Context:
    """Return what the graph gives for a question in at most so many tokens; nothing where it holds nothing near."""
    names = named(graph, question)[:SEEDS]
    seeds = list(dict.fromkeys([*names, *nearest(graph, question, likeness, SEEDS)]))[:SEEDS]
    basket = _Basket(graph, budget)
    for key in seeds:
        basket.show(key, _place(graph, key))
    basket.say(_joining(graph, seeds[:JOINED]))
    for key in hubs(graph) if seeds else ():
        basket.show(key, f": a hub of the graph, {len(graph.neighbours[key])} neighbours")
    basket.say(_fitting(graph, seeds, question, likeness))
    return Context(tuple(seeds), tuple(names), tuple(basket.concepts.values()), tuple(basket.relations.values()))


def nearest(graph: Graph, text: str, likeness: Likeness, count: int) -> list[str]:
    """Return the concepts whose names are nearest to a text, the nearest first, without those that are not near."""
    keys = list(graph.concepts)
    near = dict(zip(keys, likeness.many(text, [graph.name(key) for key in keys]), strict=True))
    return [key for key in nlargest(count, keys, key=near.__getitem__) if near[key] > likeness.floor]


def _place(graph: Graph, key: str) -> str:
    """Return what is to be said of a concept's place: its neighbours counted, and who leads the field it is in."""
    found = structure(graph)
    vertex = found.place.get(key)
    group = found.keep(members)[found.keep(communities)[vertex]] if vertex is not None else []
    others = [found.keys[one] for one in group[: LEADERS + 1] if found.keys[one] != key and len(group) >= SMALLEST]
    leaders = ", ".join(f'"{quoted(graph.name(one))}"' for one in others[:LEADERS] if one in graph.concepts)
    return f": {len(graph.neighbours[key])} neighbours" + (f"; its field is around {leaders}" if leaders else "")


def hubs(graph: Graph, count: int = HUBS) -> list[str]:
    """Return the concepts with most neighbours, ties by key."""
    return sorted(graph.concepts, key=lambda key: (-graph.degree(key), key))[:count]


def _joining(graph: Graph, seeds: Sequence[str]) -> Iterator[Relation]:
    """Yield the relations along a shortest path between every two concepts, the best supported of each step."""
    for one, other in combinations(seeds, 2):
        yield from (
            max(hop.relations, key=graph.support) for hop in hops(graph, shortest(graph, one, other, most=STEPS))
        )


def _fitting(graph: Graph, seeds: Sequence[str], question: str, likeness: Likeness) -> Iterator[Relation]:
    """Yield the relations of some concepts in turn, each's most fitting and best supported first."""
    ranked = [_ranked(graph, key, question, likeness) for key in seeds]
    for row in zip_longest(*ranked):
        yield from filter(None, row)


def _ranked(graph: Graph, key: str, question: str, likeness: Likeness) -> list[Relation]:
    tried = nlargest(TRIED, graph.incident[key], key=graph.support)
    others = [one.target if one.source == key else one.source for one in tried]
    near = likeness.many(
        question, [f"{one.predicate} {graph.name(key)}" for one, key in zip(tried, others, strict=True)]
    )
    worth = {
        one: score + SUPPORT * min(graph.support(one), MOST_SUPPORT) for one, score in zip(tried, near, strict=True)
    }
    return sorted(tried, key=lambda one: -worth[one])
