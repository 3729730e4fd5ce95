"""What a graph gives for a question, within a budget of tokens: the concepts that it names, and what stands near them.

Names in the question count first, in any of their spellings; then names that mean about the same; then how these are
connected (paths), the hubs of the whole graph, and what is said of the concepts (relations, most fitting and best
supported first). Of each concept it says where it belongs (the leading concepts of its community). The size never grows
with the graph.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import nlargest
from itertools import combinations, zip_longest

from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import canonical, is_unspaced, loose
from graphgrow.graph.model import Relation, optional
from graphgrow.graph.qualified import qualifiers_in_words
from graphgrow.llm.usage import CHARACTERS_A_TOKEN
from graphgrow.measure.projection import SMALLEST, members, structure
from graphgrow.prompts.render import quoted
from graphgrow.reason.paths import hops, shortest
from graphgrow.reason.similarity import similarities
from graphgrow.resolve.identity import Meanings

LONGEST = 8  # words of a name
LONGEST_RUN = 24  # characters of a name in a script without blanks
READ = 2_000  # characters of a question
SEEDS = 6  # concepts that a context is about
JOINED = 4  # of them are joined by paths
STEPS = 5  # relations of a path that says something
TRIED = 200  # relations of a concept that are looked at
HUBS = 3
LEADERS = 3  # concepts of a community
SUPPORT = 0.05  # the weight of one more statement of a relation beside its similarity
MOST_SUPPORT = 4
QUOTED_STEPS = 3
BESIDE = 320  # characters of what was said beside a relation
UNRELATED = 0.45  # the similarity by meaning of two texts that have nothing to do with each other

_BREAK = re.compile(r"[\s\"\u2018-\u201f?!,;:()\[\]{}|]+|(?<=\w)/(?=\w)|(?<!\w)'|'(?!\w)")


@dataclass(frozen=True, slots=True)
class ContextConcept:
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
class ContextRelation:
    """A relation in a context: its id there, keys and names of its ends, the events that said it, and how often.

    `beside` is what was said beside it: how much, when it holds, and why.
    """

    id: str
    keys: tuple[str, str]
    source: str
    predicate: str
    target: str
    steps: tuple[int, ...]
    support: int = 1
    beside: str = optional("")

    @property
    def line(self) -> str:
        """The line that stands for it in a prompt."""
        said = " - ".join(f'"{quoted(word)}"' for word in (self.source, self.predicate, self.target))
        more = f' ("{quoted(self.beside, BESIDE)}")' if self.beside else ""
        return f"[{self.id}] {said}{more}"

    @property
    def sentence(self) -> str:
        """The relation as a sentence."""
        return f"{self.source} {self.predicate} {self.target}"

    @property
    def words(self) -> str:
        """The relation as a sentence, with what was said beside it."""
        return f"{self.sentence} ({self.beside})" if self.beside else self.sentence


@dataclass(frozen=True, slots=True)
class Context:
    """What stands in a prompt; `seeds` are the concepts by key that it is about, those the question names first."""

    seeds: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    concepts: tuple[ContextConcept, ...] = ()
    relations: tuple[ContextRelation, ...] = ()

    @property
    def text(self) -> str:
        """The lines of the prompt."""
        return "\n".join([*(one.line for one in self.concepts), *(one.line for one in self.relations)])


def gather(graph: Graph, question: str, meanings: Meanings | None, budget: int) -> Context:
    """Return what the graph gives for a question in at most so many tokens; nothing where it holds nothing near."""
    named = mentions(graph, question)[:SEEDS]
    seeds = list(dict.fromkeys([*named, *nearest(graph, question, meanings, SEEDS)]))[:SEEDS]
    concepts, relations = dict[str, ContextConcept](), dict[Relation, ContextRelation]()
    for one in _candidates(graph, seeds, question, meanings) if seeds else ():
        if one in relations or (isinstance(one, tuple) and one[0] in concepts):
            continue
        if isinstance(one, Relation):
            relation = context_relation(graph, one, f"r{len(relations) + 1}")
            budget -= token_count(relation.line) + 1
            if budget < 0:
                break
            relations[one] = relation
        else:
            key, place = one
            concept = ContextConcept(f"c{len(concepts) + 1}", key, graph.name(key), place)
            budget -= token_count(concept.line) + 1
            if budget < 0:
                break
            concepts[key] = concept
    return Context(tuple(seeds), tuple(named), tuple(concepts.values()), tuple(relations.values()))


def _candidates(
    graph: Graph, seeds: Sequence[str], question: str, meanings: Meanings | None
) -> Iterator[tuple[str, str] | Relation]:
    """Yield what a context may hold, the most telling first: concepts by key with their place, and relations."""
    # What the question is about: neighbours counted, and who leads the field it is in.
    shape = structure(graph)
    for key in seeds:
        vertex = shape.place.get(key)
        group = shape.keep(members)[shape.communities[vertex]] if vertex is not None else []
        others = [shape.keys[one] for one in group[: LEADERS + 1] if shape.keys[one] != key and len(group) >= SMALLEST]
        leaders = ", ".join(f'"{quoted(graph.name(one))}"' for one in others[:LEADERS] if one in graph.concepts)
        field = f"; its field is around {leaders}" if leaders else ""
        yield key, f": {graph.degree(key)} neighbours{field}"
    # How that is connected: the best supported relation of each step of a path between every two.
    for one, other in combinations(seeds[:JOINED], 2):
        for hop in hops(graph, shortest(graph, one, other, most=STEPS)):
            yield max(hop.relations, key=graph.support)
    for key in sorted(graph.concepts, key=lambda key: (-graph.degree(key), key))[:HUBS]:
        yield key, f": a hub of the graph, {graph.degree(key)} neighbours"
    # What is said of it: the relations of each in turn, its most fitting and best supported first.
    ranked: list[list[Relation]] = []
    for key in seeds:
        relations = nlargest(TRIED, graph.incident[key], key=graph.support)
        ends = [one.target if one.source == key else one.source for one in relations]
        texts = [f"{one.predicate} {graph.name(end)}" for one, end in zip(relations, ends, strict=True)]
        scores = zip(relations, similarities(question, texts, meanings), strict=True)
        worth = [(score + SUPPORT * min(graph.support(one), MOST_SUPPORT), one) for one, score in scores]
        ranked.append([one for _, one in sorted(worth, key=lambda each: -each[0])])
    for row in zip_longest(*ranked):
        yield from filter(None, row)


def token_count(text: str) -> int:
    """Return about how many tokens a text is: its bytes / 4, so that scripts with long characters count for more."""
    return -(-len(text.encode(errors="replace")) // CHARACTERS_A_TOKEN)


def context_relation(graph: Graph, relation: Relation, name: str) -> ContextRelation:
    """Return a relation as a context shows it under an id."""
    steps = tuple(dict.fromkeys(one.seq for one in graph.relations[relation]))[:QUOTED_STEPS]
    ends = graph.name(relation.source), graph.name(relation.target)
    # An amount, conditions and a reason are evidence; of several reasons the longest says most.
    said = [replace(one, certainty=None, source="", predicate_class="") for one in graph.qualifiers(relation)]
    beside = max(map(qualifiers_in_words, said), key=len, default="")[:BESIDE]
    support = graph.support(relation)
    return ContextRelation(name, relation.ends, ends[0], relation.predicate, ends[1], steps, support, beside)


def mentions(graph: Graph, text: str, spellings: Mapping[str, str] | None = None) -> list[str]:
    """Return the concepts that a text names, by key in their order there; of names inside each other the longest.

    In scripts that put no blanks between words a name may stand anywhere.

    With the `spellings` of the graph at hand it may be asked from a thread while the graph grows.
    """
    spelled = keys_by_spelling(graph) if spellings is None else spellings
    words = [word for word in _BREAK.split(text[:READ]) if word]
    keys, place = dict[str, None](), 0
    while place < len(words):
        for length in range(min(LONGEST, len(words) - place), 0, -1):
            if key := _named(graph, " ".join(words[place : place + length]), spelled):
                keys[key] = None
                break
        else:
            if is_unspaced(word := words[place]):
                start = 0
                while start < len(word):
                    for end in range(min(len(word), start + LONGEST_RUN), start, -1):
                        if key := _named(graph, word[start:end], spelled):
                            keys[key] = None
                            break
                    start = end  # after the name, or the one character that begins none
        place += length  # of the name, or of the one word that begins none
    return list(keys)


def _named(graph: Graph, text: str, spelled: Mapping[str, str]) -> str:
    """Return the concept that a piece of text is a name of, "" where it is none; exact names before loose ones."""
    key = graph.representative(canonical(text))
    return key if key in graph.concepts else spelled.get(canonical(text)) or spelled.get(loose(text), "")


def keys_by_spelling(graph: Graph) -> dict[str, str]:
    """Return what the other spellings of concepts mean; the concept that came first, where it could be two."""
    keys: dict[str, str] = {}
    for form in (canonical, loose):  # a name as it is written counts before another one without its signs
        for key, concept in graph.concepts.items():
            for name in (concept.name, *concept.aliases):
                keys.setdefault(form(name), key)
    keys.pop("", None)
    return keys


def nearest(graph: Graph, text: str, meanings: Meanings | None, count: int) -> list[str]:
    """Return the concepts whose names are nearest to a text, the nearest first, without those that are not near."""
    keys = list(graph.concepts)
    near = dict(zip(keys, similarities(text, [graph.name(key) for key in keys], meanings), strict=True))
    floor = 0.0 if meanings is None else UNRELATED
    return [key for key in nlargest(count, keys, key=near.__getitem__) if near[key] > floor]
