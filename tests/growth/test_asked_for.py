"""A reply that says far more than was asked for: what is taken of it, and that it is said."""

import json
from contextlib import closing

from graphgrow.graph.model import Budget, Expansion, Prompt, Proposal, Triple
from graphgrow.growth.loop import grow
from graphgrow.llm.scripted import Scripted
from graphgrow.prompts.forms import MARGIN, MOST_TAKEN, as_asked_for, lists_schema, relations_schema
from graphgrow.stores import open_store
from tests.conftest import triples

MANY = 20_000
FLOOD = triples(*(("spider silk", "contains", f"protein {number}x{number}") for number in range(MANY)))


def proposal(count: int) -> Proposal:
    """Return what a reply says that has so many relations."""
    return Proposal(tuple(Triple("silk", "has", f"part {n}") for n in range(count)), (), "ok", "Read.")


def test_a_flood_of_relations_is_taken_up_to_a_multiple_of_what_was_asked() -> None:
    """Of 20,000 relations a few times as many enter as were asked for; the log says how many were left out."""
    with closing(open_store("memory:", create=True)) as store:
        (event,) = grow("spider silk", store, Scripted([FLOOD]), budget=Budget(steps=1))
        graph = store.graph()
    assert len(graph.relations) == MARGIN * 8
    assert event.outcome == "partial"
    assert event.reason == (
        "Relations read: 20,000. The reply has 20,000 relations, where 8 were asked for:"
        " the first 32 are taken, 19,968 relations left out."
    ).replace("Relations read: 20,000", f"Relations read: {MANY}")
    assert event.reply.text == FLOOD  # all of it was paid for, and is kept


def test_a_flood_of_names_is_taken_up_to_a_multiple_too() -> None:
    """Nodes that no relation needs are counted by themselves."""
    nodes = [{"id": f"protein {number}"} for number in range(5_000)]
    edges = [{"source": "protein 4998", "predicate": "binds", "target": "protein 4999"}]
    with closing(open_store("memory:", create=True)) as store:
        flood = json.dumps({"nodes": nodes, "edges": edges})
        (event,) = grow("spider silk", store, Scripted([flood]), budget=Budget(steps=1))
        graph = store.graph()
    assert len(graph.concepts) == MARGIN * 8 + 2
    assert "4,966 names left out" in event.reason.replace("0 relations and ", "")
    assert isinstance(event, Expansion)


def test_what_was_asked_for_is_taken_as_it_is() -> None:
    """Up to the multiple nothing changes; lists allow what their schema does, and a prompt that is not ours more."""
    ours, lists = Prompt("system", "user", relations_schema(most=20)), Prompt("system", "user", lists_schema(most=6))
    for prompt, most in ((ours, 80), (lists, 48), (Prompt("system", "user"), 32), (Prompt("", "user"), MOST_TAKEN)):
        assert as_asked_for(proposal(most), prompt) == proposal(most)
        cut = as_asked_for(proposal(most + 1), prompt)
        assert cut.triples == proposal(most).triples
        assert "1 relations left out" in cut.reason
