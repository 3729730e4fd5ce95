"""Facets: questions about one relation in one direction, answered by names alone, each for the kinds it fits.

A list of names costs a model a few tokens per name, and the relation and its direction are not left to the model.
The table stands in facets.toml. What kind of thing a concept is follows from the graph: from the facet that brought it,
or from what it was said to be.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from graphgrow.graph.confidence import IS_A, confidence
from graphgrow.graph.events import FACET, MORE, base
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import canonical
from graphgrow.graph.model import Relation

CLASS = "class"
SAME = "same"
LOOKED_AT = 16  # relations of a concept
LIKELY = 0.4  # confidence of a relation that says what kind a concept is
DEEPEST = 4  # kinds of kinds of kinds
ROUNDS = 4  # how often a facet of a concept is asked in all, at most
# What other words say a kind is; the last word of a name decides.
ALSO = {
    "composite": "material", "alloy": "material", "polymer": "material", "fiber": "material", "fibre": "material",
    "substance": "material", "chemical": "material", "compound": "material", "element": "material",
    "protein": "material", "metal": "material",
    "tool": "product", "instrument": "product", "device": "product", "structure": "product", "object": "product",
    "technology": "process", "technique": "process", "method": "process", "test": "process", "procedure": "process",
    "quantity": "property", "measure": "property", "effect": "phenomenon", "mechanism": "phenomenon",
    "animal": "organism", "plant": "organism", "species": "organism", "illness": "disease", "disorder": "disease",
    "practice": "activity", "trade": "activity", "industry": "activity", "period": "event", "war": "event",
    "city": "place", "country": "place", "region": "place", "company": "organisation", "group": "organisation",
    "organization": "organisation", "field": "theory", "discipline": "theory", "science": "theory", "concept": "theory",
    "people": "organisation", "person": "organisation",
}  # fmt: skip
# Other words for a kind that are nevertheless things.
ASKED = frozenset(("composite", "alloy", "polymer", "fiber", "fibre", "protein", "metal"))


@dataclass(frozen=True, slots=True)
class Worth:
    """What a facet is expected to earn, relative to the mean, and the share of its true answers that readers keep."""

    expected: float
    kept: float


@dataclass(frozen=True, slots=True)
class Facet:
    """One facet: what is asked, what an answer says, which end of that relation the names are, which kinds it fits.

    `expected` and `kept` are its worth, `of` that about some kinds of concepts, `answers` what there is to choose
    from; one that fits `only` these kinds is asked of no topic of another. An answer is said `shorter` where it begins
    with the concept: aluminum is made by casting, and not by aluminum casting.
    """

    question: str
    says: str
    names: Literal["source", "target"]
    brings: str
    fits: frozenset[str]
    expected: float
    kept: float
    of: Mapping[str, Worth]
    answers: str = ""
    only: bool = False
    shorter: bool = False

    def worth(self, kind: str) -> Worth:
        """Return what it is worth when it is asked of a kind of thing."""
        return self.of.get(kind) or Worth(self.expected, self.kept)


@cache
def facets() -> dict[str, Facet]:
    """Return angle -> facet, in the order of the file."""
    table = tomllib.loads((files("graphgrow.prompts") / "facets.toml").read_text(encoding="utf-8"))
    read = {}
    for name, row in table.items():
        of = {kind: Worth(**worth) for kind, worth in row.get("of", {}).items()}
        read[f"{FACET}{name}"] = Facet(**row | {"fits": frozenset(row["fits"]), "of": of})
    return read


def once_more(angle: str) -> str:
    """Return the angle that asks for other names than a facet brought so far; "" where it was asked often enough."""
    first, _, rounds = angle.partition(MORE)
    return f"{first}{MORE}{count}" if (count := int(rounds or 0) + 1) < ROUNDS else ""


def answers(graph: Graph, angle: str, key: str) -> Iterator[str]:
    """Yield the concepts that a facet of a concept brought in any round, in order of arrival."""
    facet = facets()[base(angle)]
    for relation in graph.incident.get(key, ()):
        near, far = (relation.target, relation.source) if facet.names == "source" else relation.ends
        foci = (graph.past[one.seq - 1].focus for one in graph.relations[relation])
        if near == key and any(focus and base(focus.angle) == base(angle) for focus in foci):
            yield far


@cache
def kinds() -> frozenset[str]:
    """Return every kind of thing that a facet fits."""
    return frozenset(kind for facet in facets().values() for kind in facet.fits)


def is_kind(name: str) -> bool:
    """Tell whether a name is a word for a kind of thing, and nothing more."""
    return canonical(name) in kinds() or canonical(name) in ALSO


def kind_of(graph: Graph, key: str, depth: int = DEEPEST) -> str:
    """Return what kind of thing a concept is, as far as likely relations say, *is a* before others; "" for none.

    The last word of a name says it where no relation does ("insurance company"), and of the topic before any.
    """
    known: dict[tuple[str, int], str] = graph.memo.keep("kinds", (graph.seq, graph.decisions), dict)
    if (kind := known.get((key, depth))) is None:
        kind = known[key, depth] = _kind(graph, key, depth)
    return kind


def _kind(graph: Graph, key: str, depth: int) -> str:
    if key == graph.topic_key and (kind := _word(key)):
        return kind
    incident, left = graph.incident.get(key, ()), LOOKED_AT
    for is_other in (False, True):  # how sure the others are is asked where no *is a* says it
        sure = {one: confidence(graph, one) for one in incident if left and (one.predicate != IS_A) is is_other}
        for relation in sorted(sure, key=sure.__getitem__, reverse=True)[:left]:
            left -= 1
            if sure[relation] >= LIKELY and (kind := _kind_by(graph, relation, key, depth)):
                return kind
    return _word(key) if " " in key else ""


def _kind_by(graph: Graph, relation: Relation, key: str, depth: int) -> str:
    """Return what kind of thing one relation says that a concept is, by the facet that brought it or its predicate."""
    other = relation.target if relation.source == key else relation.source
    for evidence in graph.relations[relation]:
        focus = graph.past[evidence.seq - 1].focus
        facet = facets().get(base(focus.angle)) if focus else None
        if focus is None or facet is None:
            continue
        about = graph.representative(focus.concepts[0])
        if facet.brings == CLASS:
            return _word(other) if about == key else ""
        if about != key:
            return facet.brings if facet.brings != SAME else kind_of(graph, other, depth - 1) if depth else ""
        return ""  # what a concept was asked about only shows what it was taken for
    if relation.predicate == IS_A and relation.source == key:
        return _word(other) or (kind_of(graph, other, depth - 1) if depth else "")
    return ""


def _word(key: str) -> str:
    """Return the kind that the last word of a name is, "" for none."""
    last = canonical(key).rpartition(" ")[2]
    kind = ALSO.get(last, last)
    return kind if kind in kinds() else ""


def open_facets(graph: Graph, key: str, kind: str | None = None) -> Iterator[str]:
    """Yield the angles of the facets that fit a concept and were not asked of it; its class where that is not known.

    The topic may be anything, so every facet fits it but those of other kinds `only`. Nothing is asked of what a facet
    brought that may be anything, such as a field where something is used: it leads away. `kind` is the concept's,
    worked out where it is not given.
    """
    if is_kind(key) and canonical(key) not in ASKED:  # what only says what kind of thing others are
        return
    kind = kind_of(graph, key) if kind is None else kind
    is_topic = key == graph.topic_key
    brought = graph.past[graph.introduced[key] - 1].focus if key in graph.introduced else None
    came = facets().get(base(brought.angle)) if brought else None
    if came and not (came.brings or kind or is_topic):
        return
    for angle, facet in facets().items():
        is_any = is_topic and not (kind and facet.only)
        fits = not kind if facet.brings == CLASS else is_any or kind in facet.fits
        if fits and (angle, key) not in graph.asked:
            yield angle


def foreign(graph: Graph, key: str) -> int:
    """Return how many facets that fit other kinds of things than the topic lie between it and a concept.

    What wool, a good of medieval trade, is known for lies one such facet from the trade; what affects that lies two.
    """
    topic = kind_of(graph, graph.topic_key)
    known: dict[str, int] = graph.memo.keep("foreign", (graph.decisions, topic), dict)
    way: list[tuple[str, bool]] = []
    seen = {graph.topic_key}
    while key not in known and key not in seen and key in graph.introduced:
        seen.add(key)
        focus = graph.past[graph.introduced[key] - 1].focus
        facet = facets().get(base(focus.angle)) if focus else None
        way.append((key, bool(facet and not is_to_the_point(facet, topic))))
        key = graph.representative(focus.concepts[0]) if focus and focus.concepts else graph.topic_key
    count = known.get(key, 0)
    for key, is_foreign in reversed(way):
        count = known[key] = count + is_foreign
    return count


def is_to_the_point(facet: Facet, topic: str) -> bool:
    """Tell whether a facet fits the kind of thing that the topic is; any does where that is not known."""
    return not topic or topic in facet.fits or facet.brings == CLASS
