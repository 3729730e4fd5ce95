"""Worlds: what a hidden graph answers, and that its dials do what they say."""

import json
import math
import random
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import networkx as nx
import pytest

from graphgrow.api.models import make_world
from graphgrow.errors import BadInput
from graphgrow.graph.events import FACET, formed, to_json
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import canonical, clean
from graphgrow.graph.model import (
    Budget,
    Concept,
    Delta,
    Edit,
    Expansion,
    Focus,
    Prompt,
    Relation,
    Statement,
    Triple,
)
from graphgrow.growth.fact_check import log_odds_of, stated_in
from graphgrow.growth.loop import Growth
from graphgrow.growth.settings import Settings
from graphgrow.llm.simulated.truth import hide, spellings
from graphgrow.llm.simulated.world import JUNK, World, WorldSettings
from graphgrow.parse.reply import parse
from graphgrow.policy import open_policy
from graphgrow.prompts.render import fact_check, render
from graphgrow.stores import open_store

HONEST = WorldSettings(k=6, popularity=1.0, recall=1.0, chain=0.0, pull=0.0, variants=0.0, junk=0.0, drift=0.0)


def chain(*names: str) -> "nx.Graph[str]":
    """Return concepts in a row."""
    graph: nx.Graph[str] = nx.path_graph(0)
    nx.add_path(graph, names, predicate="contains")
    return graph


def star(leaves: int) -> "nx.Graph[str]":
    """Return a hub whose i-th neighbour has so many neighbours of its own that it is the i-th most popular."""
    graph: nx.Graph[str] = nx.Graph(topic="hub")
    for place in range(leaves):
        graph.add_edge("hub", f"leaf {place:02}")
        graph.add_edges_from((f"leaf {place:02}", f"twig {place:02} {n:02}") for n in range(leaves - place))
    return graph


def knowing(*said: tuple[str, str]) -> Graph:
    """Return a graph that holds relations between names."""
    graph = Graph()
    names = dict.fromkeys(name for pair in said for name in pair)
    concepts = {canonical(name): Concept(canonical(name), clean(name)) for name in names}
    relations = [Relation(canonical(one), "contains", canonical(other)) for one, other in said]
    statements = tuple(Statement(r, Triple(r.source, r.predicate, r.target)) for r in dict.fromkeys(relations))
    graph.apply(Edit(1, "add", Delta(tuple(concepts.values()), relations=statements)))
    return graph


def question(graph: Graph, *concepts: str, angle: str = "general", topic: str = "silk", seed: int = 0) -> Prompt:
    """Return the prompt for concepts of a graph."""
    focus = formed(Focus("frontier", tuple(map(canonical, concepts)), "because it is new", angle=angle))
    return render(focus, graph, topic, seed=seed)


def answers(world: World, prompts: Sequence[Prompt]) -> list[Triple]:
    """Return all that a world says, reply by reply."""
    return [triple for prompt in prompts for triple in parse(world.ask(prompt).text).triples]


def asked_often(world: World, *known: str, times: int = 400) -> list[Triple]:
    """Return what a world says about its hub when it is asked again and again."""
    graph = knowing(*[("hub", name) for name in known]) if known else Graph()
    return answers(world, [question(graph, "hub", seed=seed) for seed in range(times)])


def grown(store: Path, world: World, width: int = 1) -> list[str]:
    """Grow twenty questions in a file and return the log as it is on disk, without the time of day."""
    with closing(open_store(str(store), create=True)) as home:
        how = Settings(open_policy("mix"), Budget(steps=20), width, now=lambda: "2026-01-01T00:00:00+00:00")
        list(Growth(world.hidden.topic, home, world, how))
        return [to_json(event) for event in home.events()]


def test_an_honest_world_names_neighbours_and_nothing_else() -> None:
    """What it says of a concept is true, in the direction in which it is true, up to k relations."""
    graph = star(9)
    graph.add_edge("hub", "leaf 03", predicate="contains", source="leaf 03")
    world = World(graph, HONEST)
    said = asked_often(world)
    assert all(graph.has_edge(one.source, one.target) for one in said)
    assert {(t.source, t.target) for t in said if "leaf 03" in t.source + t.target} == {("leaf 03", "hub")}
    assert {len(answers(world, [question(Graph(), "hub", seed=seed)])) for seed in range(20)} == {6}
    assert len(answers(world, [question(Graph(), "twig 00 00")])) == 1


def test_k_is_the_most_that_a_reply_names() -> None:
    """One relation a reply, then eight; and none at all where k is 0."""
    for k in (0, 1, 8):
        world = World(star(20), WorldSettings(k=k, junk=0, drift=0))
        assert len(asked_often(world, times=50)) == 50 * k


def test_popularity_is_the_exponent_of_zipfs_law() -> None:
    """With one relation a reply the first of two ranks is named as often as its weight says; 0 has no favourites."""
    for exponent in (0.0, 1.0, 2.0):
        said = asked_often(World(star(10), replace(HONEST, k=1, popularity=exponent)), times=3000)
        counts = Counter(triple.target for triple in said)
        share = counts["leaf 00"] / (counts["leaf 00"] + counts["leaf 03"])
        assert share == pytest.approx(1 / (1 + 4**-exponent), abs=0.05)


def test_recall_is_the_share_of_replies_that_leave_out_what_is_listed() -> None:
    """None of it or all of it: with room for everybody a reply names both listed concepts or neither."""
    for recall in (0.0, 0.3, 1.0):
        said = asked_often(World(star(8), replace(HONEST, k=8, recall=recall)), "leaf 02", "leaf 05", times=800)
        counts = Counter(triple.target for triple in said)
        assert counts["leaf 02"] == counts["leaf 05"]
        assert counts["leaf 02"] / 800 == pytest.approx(1 - recall, abs=0.06)
        assert counts["leaf 00"] == 800


def test_a_reply_that_recites_has_little_room_for_anything_new() -> None:
    """What the prompt lists comes first, also where nothing relates it; what else there is fills the reply up."""
    known = ["leaf 01", "leaf 03", "leaf 05", "leaf 07", "twig 00 00"]
    said = asked_often(World(star(20), replace(HONEST, recall=0, chain=0.5)), *known, times=50)
    assert [{t.target for t in said[n : n + 5]} for n in range(0, 300, 6)] == [set(known)] * 50
    assert not [t for t in said[5::6] if {t.source, t.target} <= {"hub", *known}]


def test_chain_is_the_share_of_relations_that_go_on_from_the_last() -> None:
    """They are true, start from what was just named, and name what the reply did not name before."""
    graph = make_world("communities", 300, 1)
    world = World(graph, replace(HONEST, chain=0.4))
    prompts = [question(Graph(), name) for name in world.hidden.names[:200]]
    replies = [(prompt, answers(world, [prompt])) for prompt in prompts]
    for name, (_, said) in zip(world.hidden.names, replies, strict=False):
        assert all(graph.has_edge(one.source, one.target) for one in said)
        assert all(
            {a.source, a.target} & {b.source, b.target} for a, b in pairwise(said) if name not in (b.source, b.target)
        )
    later = [(name, t) for name, (_, said) in zip(world.hidden.names, replies, strict=False) for t in said[1:]]
    assert sum(name not in (t.source, t.target) for name, t in later) / len(later) == pytest.approx(0.4, abs=0.05)


def test_pull_is_the_share_of_relations_that_are_told_of_the_topic() -> None:
    """The first says how the topic relates to what was asked about, the others what the concept should be said to."""
    graph = star(12)
    graph.graph["topic"] = "twig 00 00"
    for known in ((), ("twig 00 00",)):
        said = asked_often(World(graph, replace(HONEST, pull=0.3)), *known)
        pulled = [t for t in said if "twig 00 00" in (t.source, t.target)]
        assert len(pulled) / len(said) == pytest.approx(0.3, abs=0.04)
        assert any(t.target == "hub" for t in pulled) == (not known)
        assert {t.target for t in pulled} - {"hub", "twig 00 00"} <= {f"leaf {n:02}" for n in range(12)}


@pytest.mark.parametrize(("dial", "share"), [("junk", 0.2), ("drift", 0.3)])
def test_junk_and_drift_are_shares_of_the_relations(dial: str, share: float) -> None:
    """So many targets are phrases that are no concept, or concepts that nothing relates to the one asked about."""
    graph = star(20)
    world = World(graph, replace(HONEST, junk=share) if dial == "junk" else replace(HONEST, drift=share))
    said = [t for t in asked_often(world) if not graph.has_edge(t.source, t.target)]
    junk = {phrase.format(focus="hub") for phrase in JUNK}
    assert len(said) / (6 * 400) == pytest.approx(share, abs=0.03 if dial == "drift" else 0.06)
    assert all((t.target in junk) == (dial == "junk") for t in said)


def test_variants_are_other_spellings_of_the_same_concept() -> None:
    """So many names are written in another way, each of which the world itself still knows."""
    graph = make_world("communities", 200, 1)
    world = World(graph, replace(HONEST, variants=0.25))
    names = [world.hidden.topic] * 400
    said = answers(world, [question(Graph(), name, seed=seed) for seed, name in enumerate(names)])
    mentioned = [end for t in said for end in (t.source, t.target) if end != world.hidden.topic]
    other = [name for name in mentioned if name not in world.hidden.neighbours]
    assert len(other) / len(mentioned) == pytest.approx(0.25, abs=0.03)
    assert all(world.hidden.means(name) in graph for name in mentioned)


def test_spellings_are_plurals_hyphens_the_other_english_and_acronyms() -> None:
    """The ways a model may write a name, none of them the name."""
    assert spellings("carbon fiber laminate") == (
        "carbon fiber laminates",
        "carbon-fiber laminate",
        "carbon fibre laminate",
        "carbon fiber laminate (CFL)",
        "CFL",
    )
    assert spellings("glass") == ("glasses",)
    assert spellings("") == ()


def test_a_spelling_that_could_mean_two_concepts_is_never_used() -> None:
    """Two names with one acronym have none, and a name is never the spelling of another."""
    hidden = hide(chain("carbon fiber laminate", "cold formed lattice", "laminate", "laminates of silk"))
    assert hidden.means("CFL") is None
    assert hidden.means("carbon fibre laminates") == "carbon fiber laminate" or hidden.means("carbon fibre laminate")
    assert not {"CFL"} & {spelled for also in hidden.spellings.values() for spelled in also}


def test_it_lists_the_targets_of_one_predicate_together() -> None:
    """A list has a third more in it than relations that are written out, for fewer tokens, and leaves out the known."""
    world = World(star(20), HONEST)
    graph = knowing(("hub", "leaf 00"))
    listed, written = (world.ask(question(graph, "hub", angle=angle)) for angle in ("survey uses", "uses"))
    (row,) = json.loads(listed.text)["relations"]
    assert (row["source"], len(row["target"])) == ("hub", 8)
    assert "leaf 00" not in row["target"]
    found, fewer = parse(listed.text), parse(written.text)
    assert (found.outcome, len(found.triples), len(fewer.triples)) == ("ok", 8, 6)
    assert listed.usage.completion_tokens < written.usage.completion_tokens


def test_it_connects_two_concepts_by_what_lies_between_them() -> None:
    """The answer is a hidden shortest path from the one to the other, then ways beside it."""
    graph = chain("silk", "fibroin", "beta sheet", "crystal")
    nx.add_path(graph, ["silk", "spider", "web", "insect", "wing", "crystal"])
    prompt = question(knowing(("silk", "wing"), ("crystal", "web")), "silk", "crystal", angle="connect")
    said = answers(World(graph, replace(HONEST, k=8, recall=0)), [prompt])
    steps = [("silk", "fibroin"), ("fibroin", "beta sheet"), ("beta sheet", "crystal")]
    assert [(t.source, t.target) for t in said[:3]] == steps
    assert {t.target for t in said[3:]} >= {"spider", "web", "insect"}


def test_it_names_no_way_between_concepts_that_nothing_joins() -> None:
    """Two islands are not connected, and it says so by saying nothing."""
    graph = chain("silk", "fibroin")
    nx.add_path(graph, ["trade", "route"])
    prompt = question(knowing(("silk", "fibroin"), ("trade", "route")), "silk", "trade", angle="connect")
    assert World(graph, HONEST).ask(prompt).text == '{"relations":[]}'


def test_asked_for_more_of_a_kind_it_keeps_to_the_predicate() -> None:
    """What else a concept contains is answered with what it contains."""
    graph = star(3)
    nx.add_star(graph, ["hub", "a thing", "b thing", "c thing", "d thing"], predicate="contains")
    known = knowing(("hub", "a thing"), ("hub", "b thing"), ("hub", "c thing"))
    said = answers(World(graph, HONEST), [question(known, "hub", angle="kin")])
    assert [(t.predicate, t.target) for t in said] == [("contains", "d thing")]


def test_asked_whether_it_is_so_it_confirms_what_is_true() -> None:
    """A relation that is hidden too comes back, then what else holds; one that is not does not."""
    world = World(chain("silk", "fibroin", "beta sheet"), HONEST)
    said = answers(world, [question(knowing(("silk", "fibroin")), "fibroin", "silk", angle="consolidate")])
    assert {(t.source, t.target) for t in said} == {("silk", "fibroin"), ("fibroin", "beta sheet")}
    false = answers(world, [question(knowing(("silk", "beta sheet")), "beta sheet", "silk", angle="consolidate")])
    assert ("silk", "beta sheet") not in {(t.source, t.target) for t in false}


def test_it_knows_which_names_are_one_concept() -> None:
    """The arbiter's question is answered by the truth."""
    world = World(chain("carbon fiber laminate", "silk"), HONEST)
    known = knowing(("carbon fiber laminate", "carbon fibre laminates"), ("silk", "web"))
    keys = list(known.concepts)
    verdicts = [
        world.ask(render(formed(Focus("arbiter", (keys[0], other), "")), known, "silk")).text for other in keys[1:3]
    ]
    assert [json.loads(text)["verdict"] for text in verdicts] == ["same", "different"]


def test_of_what_it_does_not_know_it_says_nothing_or_drifts() -> None:
    """An unknown concept gets an honest empty reply; with drift, now and then something from anywhere."""
    prompt = question(Graph(), "medieval trade")
    assert parse(World(star(5), HONEST).ask(prompt).text).outcome == "empty"
    said = answers(
        World(star(5), WorldSettings(drift=0.5)), [question(Graph(), "medieval trade", seed=s) for s in range(100)]
    )
    assert len(said) == pytest.approx(300, abs=60)
    assert len({t.target for t in said}) > 10


def test_a_reply_follows_from_seed_and_prompt_alone() -> None:
    """Two worlds of one seed agree in any order of questions; another seed, or another of the prompt, does not."""
    graph = make_world("scale-free", 300, 2)
    prompts = [question(Graph(), name) for name in list(graph)[:30]]
    one, same, other = World(graph, seed=1), World(graph, seed=1), World(graph, seed=2)
    forth = [one.ask(prompt) for prompt in prompts]
    back = [same.ask(prompt) for prompt in reversed(prompts)]
    assert forth == back[::-1]
    assert forth != [other.ask(prompt) for prompt in prompts]
    assert len({one.ask(question(Graph(), one.hidden.topic, seed=s)).text for s in range(5)}) > 1


@pytest.mark.parametrize("width", [1, 6])
def test_runs_on_a_world_repeat_through_threads_and_restarts(tmp_path: Path, width: int) -> None:
    """The log on disk is the same byte for byte, also where the run was stopped and started again."""
    graph = make_world("communities", 300, 1)
    whole = grown(tmp_path / "whole.db", World(graph, seed=5), width)
    again = grown(tmp_path / "again.db", World(graph, seed=5), width)
    assert whole == again
    with closing(open_store(str(tmp_path / "parts.db"), create=True)) as home:
        for _ in range(2):
            how = Settings(open_policy("mix"), Budget(steps=10 if width == 1 else 12), width, now=lambda: "")
            list(Growth(str(graph.graph["topic"]), home, World(graph, seed=5), how))
        texts = [event.reply.text for event in home.events() if isinstance(event, Expansion)]
    assert texts[:10] == [json.loads(line)["reply"]["text"] for line in whole][:10]
    assert len(whole) == 20


def test_a_run_finds_the_hidden_graph(tmp_path: Path) -> None:
    """With nothing but true answers and enough questions all of a small world is found, and no relation that is not."""
    graph = make_world("hierarchy", 60, 1, degree=4)
    world = World(graph, replace(HONEST, k=20))
    with closing(open_store(str(tmp_path / "found.db"), create=True)) as home:
        list(Growth(world.hidden.topic, home, world, Settings(open_policy("bfs"), Budget(steps=70))))
        found = home.graph()
    assert {concept.name for concept in found.concepts.values()} == set(graph)
    assert all(graph.has_edge(found.name(r.source), found.name(r.target)) for r in found.relations)


def test_a_hidden_graph_may_hold_anything() -> None:
    """Loops and names that mean nothing are left out, numbers are names; a graph without any name is refused."""
    graph: nx.Graph[object] = nx.Graph([("silk", "silk"), ("silk", "!!"), ("silk", 7)])
    assert hide(graph).neighbours == {"7": ("silk",), "silk": ("7",)}  # type: ignore[arg-type]  # as somebody may give it
    with pytest.raises(BadInput, match="at least one concept"):
        World(nx.Graph())


@pytest.mark.parametrize(
    ("skill", "method"), [(0.5, "logprobs"), (0.7, "logprobs"), (0.9, "logprobs"), (0.9, "stated")]
)
def test_skill_is_the_chance_that_a_true_statement_gets_more_than_a_false_one(skill: float, method: str) -> None:
    """The area under the curve of true against false ones; of those that get 80 % so many are true."""
    graph = make_world("communities", 300, 1)
    world = World(graph, WorldSettings(skill=skill))
    rng, is_stated, names = random.Random(1), method == "stated", world.hidden.names
    pairs = [*graph.edges, *((name, world.hidden.stranger(name, rng)) for name in names * 5)]
    replies = [world.ask(fact_check([Triple(one, "contains", other)], stated=is_stated)) for one, other in pairs]
    odds = [stated_in(reply.text) if is_stated else log_odds_of(reply.logprobs) for reply in replies]
    rows = [(value, graph.has_edge(*pair)) for value, pair in zip(odds, pairs, strict=True) if value is not None]
    assert len(rows) == len(pairs)
    true, false = ([value for value, is_true in rows if is_true is wanted] for wanted in (True, False))
    won = sum((t > f) + (t == f) / 2 for t in true[:500] for f in false[:500])
    assert won / (500 * 500) == pytest.approx(skill, abs=0.035)
    if not is_stated:
        assert [reply.text for reply in replies] == ["yes" if value >= 0 else "no" for value, _ in rows]
    if skill == 0.9:
        about_80 = [is_true for value, is_true in rows if 0.7 < 1 / (1 + math.exp(-value)) < 0.9]
        assert sum(about_80) / len(about_80) == pytest.approx(0.8, abs=0.08)


def test_a_fact_check_follows_from_seed_and_prompt_alone() -> None:
    """The same statement gets the same answer, of another world's seed another one."""
    prompt = fact_check([Triple("hub", "contains", "leaf 03")])
    one, same, other = (World(star(9), seed=seed).ask(prompt) for seed in (1, 1, 2))
    assert one == same != other


def facet(*concepts: str, name: str = "parts", seed: int = 0) -> Prompt:
    """Return the prompt for one facet of a concept."""
    focus = formed(Focus("knowledge", tuple(map(canonical, concepts)), "because", angle=f"{FACET}{name}"))
    return render(focus, knowing(("hub", "leaf 00"), ("hub", "twig 19 00")), "hub", seed=seed)


def test_a_facet_is_answered_with_names_of_neighbours() -> None:
    """As many as a list has, each a neighbour and none a relation; of what it does not know there are none."""
    graph = star(20)
    world = World(graph, HONEST)
    for seed in range(50):
        names = parse(world.ask(facet("hub", seed=seed)).text, form="facet").names
        assert len(set(names)) == 8
        assert all(graph.has_edge("hub", name) for name in names)
    assert parse(world.ask(facet("leaf 00")).text, form="facet").names[0] in graph["leaf 00"]
    assert World(chain("silk", "fibroin"), HONEST).ask(facet("hub")).text == "none"


def test_errors_are_the_share_of_relations_that_do_not_hold() -> None:
    """Both concepts exist and nothing relates them; facets err as free relations do."""
    graph = star(20)
    world = World(graph, replace(HONEST, errors=0.3))
    said = asked_often(world)
    false = [t for t in said if not graph.has_edge(t.source, t.target)]
    assert len(false) / len(said) == pytest.approx(0.3, abs=0.03)
    assert all(end in graph for t in false for end in (t.source, t.target))
    names = [n for seed in range(200) for n in parse(world.ask(facet("hub", seed=seed)).text, form="facet").names]
    assert sum(not graph.has_edge("hub", name) for name in names) / len(names) == pytest.approx(0.3, abs=0.05)
    assert set(names) <= set(graph)
    world = World(graph, replace(HONEST, errors=0.3, facet_errors=0.5))  # of what would hold, half does not
    names = [n for seed in range(200) for n in parse(world.ask(facet("hub", seed=seed)).text, form="facet").names]
    assert sum(not graph.has_edge("hub", name) for name in names) / len(names) == pytest.approx(0.65, abs=0.05)
    world = World(graph, replace(HONEST, obscure=0.6))  # of the twig that comes last, hardly of the first leaf
    first, last = (
        [parse(world.ask(facet(about, seed=seed)).text, form="facet").names[0] for seed in range(200)]
        for about in ("leaf 00", "twig 19 00")
    )
    assert all(graph.has_edge("leaf 00", name) for name in first)
    assert sum(name != "leaf 19" for name in last) / len(last) == pytest.approx(0.6, abs=0.1)


@pytest.mark.parametrize(
    "dials",
    [
        {"k": -1}, {"k": 65}, {"popularity": -1.0}, {"recall": 1.1}, {"junk": float("nan")}, {"errors": 1.1},
        {"list_errors": -0.1}, {"facet_errors": 2.0}, {"obscure": 1.5},
        {"skill": 0.4}, {"skill": 1.0},
    ],
)  # fmt: skip
def test_a_dial_that_is_turned_too_far_is_refused(dials: dict[str, float]) -> None:
    """The error names the dial and its range."""
    with pytest.raises(BadInput, match=next(iter(dials))):
        WorldSettings(**dials)  # type: ignore[arg-type]  # as a caller without types may
