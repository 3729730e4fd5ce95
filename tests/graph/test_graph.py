"""The fold: what events make of a graph."""

import gc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphgrow.errors import StoreError
from graphgrow.graph.events import from_json, to_json
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.model import (
    Answer,
    Delta,
    Edit,
    Event,
    Expansion,
    Focus,
    Prompt,
    Proposal,
    Question,
    Reply,
    Triple,
)
from graphgrow.measure import measure
from graphgrow.measure.panel import panel
from graphgrow.resolve.resolve import RESOLVE, resolve
from tests.conftest import expansion, triples

words = st.sampled_from(
    ["silk", "Silks", "nacre", "bone", "chitin", "keratin", "wood", "Lignin", "resilin", "aragonite"]
)
said = st.lists(st.tuples(words, st.sampled_from(["contains", "part of", "is a"]), words), max_size=8)


def event(graph: Graph, reply: str, key: str = "silk") -> Expansion:
    """Return the event a reply is for a graph."""
    focus = Focus("bfs", (key,), "a test", angle=str(graph.seq))
    prompt = Prompt("", "")
    return expansion(graph, "silk", Question(focus, prompt), Answer(prompt, Reply(reply)), RESOLVE, seed=0, at="")


def grown(*replies: str) -> Graph:
    """Return the graph that some replies make."""
    graph = Graph()
    for reply in replies:
        graph.apply(event(graph, reply))
    return graph


def content(graph: Graph) -> tuple[object, ...]:
    """Return what a graph says, without when it was said."""
    relations = {r: (graph.support(r), [e.raw for e in said]) for r, said in graph.relations.items()}
    return graph.concepts, relations, {k: set(v) for k, v in graph.neighbours.items()}, graph.pairs, graph.loops


@given(said)
def test_resolving_twice_brings_nothing_the_second_time(reply: list[tuple[str, str, str]]) -> None:
    """A proposal that has been taken in has nothing new left, only support."""
    proposal = Proposal(tuple(Triple(*t) for t in reply), (), "ok")
    graph = grown(triples(*reply))
    assert resolve(proposal, graph).brings_nothing


@given(said, said)
def test_order_of_independent_events_does_not_matter(
    one: list[tuple[str, str, str]], other: list[tuple[str, str, str]]
) -> None:
    """Two events about different concepts give one graph in either order."""
    apart = [(f"deep {s}", p, f"deep {t}") for s, p, t in other]
    assert content(grown(triples(*one), triples(*apart))) == content(grown(triples(*apart), triples(*one)))


@given(st.lists(said, max_size=6))
def test_cheap_row_equals_the_panel(replies: list[list[tuple[str, str, str]]]) -> None:
    """The counts kept up to date by change are those computed from scratch, before and after the event is applied."""
    graph = Graph()
    for reply in replies:
        new = event(graph, triples(*reply))
        graph.apply(new)
        table = panel(list(graph.concepts), graph.triples())
        assert new.measures == measure(graph)
        row = new.measures
        assert [table[n] for n in ("nodes", "edges", "relations", "self_loops", "components", "lcc_nodes")] == [
            row.nodes, row.edges, row.relations, row.self_loops, row.components, row.lcc_nodes,
        ]  # fmt: skip


def test_events_follow_each_other_without_gaps() -> None:
    """An event that is not the next one is refused and changes nothing."""
    graph = grown(triples(("silk", "contains", "fibroin")))
    with pytest.raises(StoreError, match="cannot follow"):
        graph.apply(event(Graph(), triples(("a thing", "is", "another thing"))))
    assert graph.seq == 1


def test_relation_keeps_every_piece_of_evidence() -> None:
    """Saying a relation again in other words adds support and keeps the raw wording."""
    graph = grown(triples(("silk", "contains", "fibroin")), triples(("Silk", "includes", "fibroins")))
    ((relation, evidence),) = graph.relations.items()
    assert (relation.source, relation.predicate, relation.target) == ("silk", "contains", "fibroin")
    assert [(e.seq, e.raw.predicate) for e in evidence] == [(1, "contains"), (2, "includes")]
    assert graph.concepts["fibroin"].aliases == ("fibroins",)


def test_depth_counts_relations_from_the_topic() -> None:
    """A concept's depth is its distance from the topic, also where the chain was told from the far end."""
    graph = grown(
        triples(("gland", "has", "duct"), ("silk", "made by", "gland")), triples(("duct", "lined by", "cuticle"))
    )
    assert graph.depth == {"silk": 0, "gland": 1, "duct": 2, "cuticle": 3}


@given(st.lists(said, max_size=4))
def test_event_json_round_trips(replies: list[list[tuple[str, str, str]]]) -> None:
    """An event read back from its JSON is the same event, and the log folds to the same graph."""
    graph, log = Graph(), []
    for reply in replies:
        log.append(event(graph, triples(*reply)))
        graph.apply(log[-1])
    again = [from_json(to_json(e)) for e in log]
    assert again == log
    assert content(fold(again)) == content(graph)


def test_a_rejected_name_leaves_no_trace_but_its_count() -> None:
    """Hygiene's rejects stay out of concepts and relations and are counted by rule."""
    graph = grown(triples(("silk", "is", "strong"), ("silk", "contains", "[[fibroin]]")))
    assert (len(graph.concepts), graph.rejected) == (0, {"bare adjective": 1, "markup": 1})
    assert event(graph, triples(("silk", "is", "strong"))).reason == "nothing passed hygiene: 1 bare adjective"


def test_old_run_line_stays_readable() -> None:
    """A line of the first format version is read as written then: the file format is a promise."""
    line = (
        '{"seq":1,"topic":"silk","focus":{"strategy":"seed","concepts":["silk"],"reason":"r"},"prompt":{"system":"s",'
        '"user":"u"},"reply":{"text":"[]"},"outcome":"empty","reason":"none","delta":{},"measures":{},"kind":"expansion","v":1}'
    )
    old = from_json(line)
    assert isinstance(old, Expansion)
    assert (old.focus.angle, old.delta, old.reply.usd) == ("general", Delta(), None)


def test_a_fold_leaves_the_collector_as_it_was() -> None:
    """It is off while a graph is folded, and then on again or off as before, also where the log is damaged."""
    seen: list[bool] = []

    def log() -> Iterator[Event]:
        seen.append(gc.isenabled())
        yield Edit(7, "add", Delta())

    for is_on in (True, False):
        (gc.enable if is_on else gc.disable)()
        try:
            with pytest.raises(StoreError, match="step 7 cannot follow"):
                Graph().apply_all(log())
            assert gc.isenabled() is is_on
        finally:
            gc.enable()
    assert seen == [False, False]
