"""What an answer to a facet means: each name is one end of its relation; what repeats the question is kept out.

A name that is made of the topic's words and general ones ("impact testing facility") is a way of writing and no
discovery; so is the concept itself with a word more, unless its kinds were asked for.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from graphgrow.graph.events import base
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import canonical, common, loose
from graphgrow.graph.model import Delta, Focus, Proposal, Reject, Triple
from graphgrow.prompts.facets import CLASS, SAME, facets, is_kind
from graphgrow.prompts.forms import DEFAULT_SIZE
from graphgrow.resolve.hygiene import as_property, word_lists
from graphgrow.resolve.resolve import Resolver, resolve

FOCUS_AGAIN = "names what was asked about"
VARIANT = "variant of the topic"
NUMBERED = "numbered variants"
STEM = 5  # letters that two forms of one word share: "resistant", "resistance"
MOST = DEFAULT_SIZE.most  # names of one reply: so many are asked for, and what comes after them is seldom right
SERIES = 3  # names of one reply that differ in their numbers alone are made up


@cache
def general_words() -> frozenset[str]:
    """Return the words that add nothing to a name, as stems."""
    return frozenset(map(_stem, word_lists()["general"] | word_lists()["generic"]))


def _stem(word: str) -> str:
    return word[:STEM]


def _stems(name: str) -> list[str]:
    return [_stem(word) for word in loose(name).split()]


def is_variant(name: str, topic: str) -> bool:
    """Tell whether a name says nothing but the topic's words and general ones."""
    stems, of_topic = _stems(name), set(_stems(topic))
    return not of_topic.isdisjoint(stems) and all(stem in of_topic or stem in general_words() for stem in stems)


def resolve_facet(  # all but the last are what `resolve` takes
    proposal: Proposal, focus: Focus, graph: Graph, topic: str, resolver: Resolver, most: int = MOST
) -> Delta:
    """Return what up to `most` names of a reply mean: relations to the concept of a focus, and what was kept out.

    A reply of relations in place of names is taken as one.
    """
    if proposal.triples:
        return resolve(proposal, graph, topic, resolver)
    facet = facets()[base(focus.angle)]
    if facet.brings == "property":  # what is strong has strength
        proposal = replace(proposal, names=tuple(map(as_property, proposal.names)))
    about = graph.name(graph.representative(focus.concepts[0]))
    about = about if graph.concepts else topic
    rejects = dict(_against(proposal.names[:most], about, topic, facet.brings))
    names = [name for name in proposal.names[:most] if name not in rejects]
    names = names[:1] if facet.brings == CLASS else names
    ends = [(name, about) if facet.names == "source" else (about, name) for name in names]
    triples = tuple(Triple(source, facet.says, target) for source, target in ends)
    delta = resolve(replace(proposal, triples=triples, names=()), graph, topic, resolver)
    return replace(delta, rejects=(*delta.rejects, *(Reject(name, rule) for name, rule in rejects.items())))


def _against(names: tuple[str, ...], about: str, topic: str, brings: str) -> Iterator[tuple[str, str]]:
    """Yield the names that are no answer, each with the rule that says so."""
    key, stems = common(canonical(about)), set(_stems(about))
    may_extend = brings in {SAME, CLASS}
    numberless = Counter("".join("#" if c.isdigit() else c for c in name.casefold()) for name in names)
    for name in names:
        says_again = common(canonical(name)) == key or (not may_extend and stems <= set(_stems(name)))
        if says_again:
            yield name, FOCUS_AGAIN
        elif is_variant(name, topic) and not (brings == CLASS and is_kind(name)):  # "material" may be in both
            yield name, VARIANT
        elif (
            "#" in (form := "".join("#" if c.isdigit() else c for c in name.casefold())) and numberless[form] >= SERIES
        ):
            yield name, NUMBERED
