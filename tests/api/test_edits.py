"""Corrections: what they show, that they bind, and that taking one back leaves nothing of it."""

import random
from contextlib import closing
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphgrow.api import edits
from graphgrow.errors import BadInput
from graphgrow.graph.events import from_json, to_json
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.model import (
    Change,
    Concept,
    Delta,
    Edit,
    Event,
    Expansion,
    Focus,
    Proposal,
    Relation,
    Statement,
    Triple,
)
from graphgrow.measure import measure
from graphgrow.measure.evolution import pair_paths
from graphgrow.prompts.render import render
from graphgrow.resolve.resolve import VERBATIM, resolve
from graphgrow.stores import GraphStore, store_url
from graphgrow.stores.neo4j import Neo4jStore
from graphgrow.stores.projection import differences, project
from graphgrow.stores.sqlite import SQLiteStore
from tests.conftest import fact_checked, triples
from tests.graph.test_graph import content, event, grown, said

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = ("silk", "nacre", "bone", "chitin", "keratin", "wood", "lignin", "resilin")
FIVE = ("silk", "nacre", "bone", "chitin", "keratin")
names = st.sampled_from(NAMES)
decisions = st.one_of(
    st.tuples(st.just("grow"), said),
    st.tuples(st.just("merge"), names, names),
    st.tuples(st.just("unmerge"), names),
    st.tuples(st.just("reject"), names),
    st.tuples(st.just("restore"), names),
    st.tuples(st.just("rename"), names, st.sampled_from(["Spider silk", "Mother of pearl", *NAMES])),
    st.tuples(st.just("retype"), st.integers(0, 30), st.sampled_from(["contains", "made of"])),
    st.tuples(st.just("drop"), st.integers(0, 30)),
    st.tuples(st.just("check"), st.integers(0, 30), st.sampled_from([-3.0, 0.5, 4.0, None])),
    st.tuples(st.just("apart"), names, names),
    st.tuples(st.just("doubt"), names, names),
)


def decide(graph: Graph, decision: tuple[object, ...]) -> Event | None:
    """Return the event that a drawn decision is for a graph, None where there is nothing to decide."""
    what, *about = decision
    if what == "grow":
        return event(graph, triples(*about[0]))  # type: ignore[misc]  # drawn as a list of triples
    if what in {"retype", "drop", "check"}:
        if not graph.relations:
            return None
        relation = list(graph.relations)[int(str(about[0])) % len(graph.relations)]
        about = [relation, *about[1:]]
        if what == "check":
            return fact_checked(graph, *about)  # type: ignore[arg-type]  # drawn as a relation and its log-odds
        what = "reject_relation" if what == "drop" else what
    function: Callable[..., Edit] = getattr(edits, str(what))
    try:
        return function(graph, *about)
    except BadInput:
        return None


def live(decided: list[tuple[object, ...]]) -> tuple[Graph, list[Event]]:
    """Return the graph that grew and was corrected event by event, with its log."""
    log: list[Event] = [event(Graph(), triples(("silk", "contains", "keratin"), ("bone", "is a", "nacre")))]
    graph = fold(log)
    for decision in decided:
        new = decide(graph, decision)
        if new is not None:
            graph.apply(new)
            log.append(new)
    return graph, log


def whole(graph: Graph) -> tuple[object, ...]:
    """Return everything that a graph shows and that strategies read."""
    return (
        content(graph), graph.introduced, graph.asked, graph.asks, set(graph.unasked.items), set(graph.explored.items),
        graph.newest, graph.depth, sorted(graph.components.sizes.values()), graph.rejected,
        graph.checks, list(graph.unchecked), graph.checking, graph.check_method,
    )  # fmt: skip


@given(st.lists(decisions, max_size=12))
def test_fold_of_the_log_is_the_graph_that_lived(decided: list[tuple[object, ...]]) -> None:
    """A log read at once, through JSON, gives the graph that took its events one by one."""
    graph, log = live(decided)
    assert whole(fold(from_json(to_json(one)) for one in log)) == whole(graph)


@given(st.lists(decisions, max_size=12))
@settings(max_examples=60)
def test_sqlite_shows_what_the_log_says(
    tmp_path_factory: pytest.TempPathFactory, decided: list[tuple[object, ...]]
) -> None:
    """After any sequence of growth and corrections the tables hold the fold, event by event and in one commit."""
    _, log = live(decided)
    folder = tmp_path_factory.mktemp("edits")
    with closing(SQLiteStore(folder / "one.db", create=True)) as one:
        for new in log:
            one.append(new)
            assert differences(project(one.graph()), one.projection()) == []
    with closing(SQLiteStore(folder / "all.db", create=True)) as at_once:
        at_once.append(*log)
        assert differences(project(fold(log)), at_once.projection()) == []


@pytest.fixture(params=["sqlite", "neo4j"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> GraphStore:
    """Return an empty store of each kind that keeps a projection."""
    if request.param == "sqlite":
        return SQLiteStore(tmp_path / "g.db", create=True)
    return Neo4jStore(store_url(request.getfixturevalue("neo4j_graph")), create=True)


LIFE: list[tuple[object, ...]] = [
    ("grow", [("silk", "contains", "bone"), ("wood", "is a", "nacre"), ("bone", "contains", "silk")]),
    ("merge", "bone", "silk"),
    ("grow", [("bone", "contains", "lignin"), ("wood", "part of", "bone"), ("chitin", "is a", "wood")]),
    ("merge", "silk", "wood"),
    ("check", 1, 2.0),
    ("rename", "silk", "Mother of pearl"),
    ("check", 2, None),
    ("grow", [("mother of pearl", "contains", "resilin"), ("Woods", "is a", "chitin")]),
    ("retype", 0, "is inside"),
    ("reject", "keratin"),
    ("drop", 1),
    ("grow", [("keratin", "part of", "silk"), ("lignin", "is a", "resilin")]),
    ("unmerge", "wood"),
    ("restore", "keratin"),
    ("check", 3, -1.5),
    ("unmerge", "bone"),
    ("check", 0, 3.0),
    ("apart", "lignin", "chitin"),
]


def test_every_store_shows_what_the_log_says(store: GraphStore) -> None:
    """A life with every kind of correction leaves log and projection equal after each event, in both stores."""
    graph, log = live(LIFE)
    assert {one.edit for one in log if isinstance(one, Edit)} == {
        "merge", "rename", "retype", "reject", "unmerge", "restore", "apart",
    }  # fmt: skip
    with closing(store):
        for new in log:
            store.append(new)
            assert differences(project(store.graph()), store.projection()) == [], new.seq
        assert whole(store.graph()) == whole(graph)


def drawn(seed: int) -> list[tuple[object, ...]]:
    """Return twenty decisions drawn with a seed."""
    rng, found = random.Random(seed), list[tuple[object, ...]]()
    for _ in range(20):
        one, other, third = rng.choices(NAMES, k=3)
        choices: list[tuple[object, ...]] = [
            ("grow", [(one, "contains", other), (other, "is a", third)]), ("merge", one, other), ("unmerge", one),
            ("reject", one), ("restore", one), ("rename", one, f"{other} tissue"), ("apart", one, other),
            ("retype", rng.randrange(30), "contains"), ("drop", rng.randrange(30)), ("check", rng.randrange(30), 1.5),
        ]  # fmt: skip
        found.append(rng.choice(choices))
    return found


@pytest.mark.parametrize("seed", range(6))
def test_any_life_is_the_same_in_every_store(store: GraphStore, seed: int) -> None:
    """Drawn sequences of growth and corrections leave log and projection equal, whichever way they are committed."""
    _, log = live(drawn(seed))
    with closing(store):
        for new in log[: len(log) // 2]:
            store.append(new)
            assert differences(project(store.graph()), store.projection()) == [], new.seq
        store.append(*log[len(log) // 2 :])
        assert differences(project(fold(log)), store.projection()) == []


def test_another_writer_learns_what_was_decided(store: GraphStore, tmp_path: Path) -> None:
    """A store object that has not seen a merge shows the next reply as the merge wants it."""
    _, log = live(LIFE[:3])
    with closing(store), closing(type(store)(*_place(store), create=True)) as other:  # type: ignore[call-arg]  # both take their place first
        store.append(*log[:2])
        other.append(log[2])
        store.append(log[3])
        assert differences(project(fold(log)), store.projection()) == []


def _place(store: GraphStore) -> tuple[object, ...]:
    return (store._path,) if isinstance(store, SQLiteStore) else (store._address,)  # type: ignore[attr-defined]  # of ours


@given(
    st.lists(decisions.filter(lambda d: d[0] != "unmerge"), max_size=8), names, names, st.lists(said, max_size=3), said
)
def test_merge_and_unmerge_leave_nothing(
    before: list[tuple[object, ...]], one: str, other: str, between: list[object], after: object
) -> None:
    """A merge taken back, with growth in between, leaves the graph that never merged."""
    graph, log = live(before)
    try:
        merged = edits.merge(graph, one, other)
    except BadInput:
        return
    gone = merged.delta.changes[0].concepts[0]
    with_merge, without = fold([*log, merged]), fold([*log, Edit(merged.seq, "add", Delta())])
    for reply in (*between, after):
        new = event(with_merge, triples(*reply))  # type: ignore[misc]  # drawn as a list of triples
        with_merge.apply(new)
        without.apply(new)
    with_merge.apply(edits.unmerge(with_merge, gone))
    assert whole(with_merge) == whole(without)


@given(st.permutations([("silk", "nacre"), ("nacre", "bone"), ("chitin", "keratin"), ("bone", "keratin")]), said)
def test_merging_is_transitive_and_free_of_order(pairs: list[tuple[str, str]], reply: object) -> None:
    """Whatever comes first, the same names end in the same concept, under the name that came first."""
    start = triples(*((name, "is a", "wood") for name in FIVE), *reply)  # type: ignore[misc]  # drawn as a list of triples
    graph = grown(start)
    for one, other in pairs:
        graph.apply(edits.merge(graph, one, other))
    first = next(key for key in grown(start).concepts if key in FIVE)
    assert {graph.representative(name) for name in FIVE} == {first}
    assert sum(key in graph.concepts for key in FIVE) == 1


def test_measures_of_a_reply_count_what_is_shown() -> None:
    """The cheap row of an expansion is that of the graph after it, also where names were merged or rejected."""
    _, log = live(LIFE)
    seen = Graph()
    for new in log:
        if isinstance(new, Expansion):
            expected = measure(seen, new.delta)
            seen.apply(new)
            assert measure(seen) == expected == new.measures
        else:
            seen.apply(new)


def test_a_merged_concept_has_the_relations_of_both() -> None:
    """Relations, evidence and spellings of two names become those of one; what related the two is gone."""
    graph = grown(
        triples(("CNT", "is a", "carbon nanotube"), ("carbon nanotube", "contains", "gas"), ("CNT", "contains", "gas"))
    )
    graph.apply(edits.merge(graph, "CNT", "carbon nanotube", into="carbon nanotube"))
    assert list(graph.concepts) == ["carbon nanotube", "gas"]
    assert graph.concepts["carbon nanotube"].aliases == ("CNT",)
    (relation,) = graph.relations
    assert relation == Relation("carbon nanotube", "contains", "gas")
    assert [one.raw.source for one in graph.relations[relation]] == ["carbon nanotube", "CNT"]


def test_a_rejection_binds_and_is_counted() -> None:
    """What was rejected stays out under any of its names, and the log says why; restored it is as it was."""
    graph = grown(triples(("silk", "contains", "glue"), ("glue", "is a", "protein")))
    before = content(graph)
    graph.apply(edits.reject(graph, "glue", reason="too vague"))
    assert "glue" not in graph.concepts
    new = event(graph, triples(("nacre", "contains", "Glues"), ("silk", "is a", "protein")))
    assert [(one.text, one.rule) for one in new.delta.rejects] == [("Glues", "rejected by hand")]
    graph.apply(edits.restore(graph, "glue"))
    assert content(graph) == before


def test_a_prompt_names_what_nobody_wants_there() -> None:
    """A question about a concept tells the model which names were rejected beside it, and only there."""
    graph = grown(
        triples(("silk", "contains", "Magic glue"), ("silk", "contains", "protein"), ("bone", "is a", "wood"))
    )
    graph.apply(edits.reject(graph, "magic glue"))
    graph.apply(event(graph, triples(("silk", "contains", "magic glues"), ("silk", "is a", "bone"))))
    asked = render(Focus("bfs", ("silk",), "a test"), graph, "silk").user
    assert 'Not wanted: "Magic glue", "magic glues".' in asked
    assert "Not wanted" not in render(Focus("bfs", ("wood",), "a test"), graph, "silk").user
    graph.apply(edits.restore(graph, "magic glue"))
    assert '"Magic glue"' in render(Focus("bfs", ("silk",), "a test"), graph, "silk").user


def test_the_queue_has_first_what_changes_most() -> None:
    """Doubts wait for a decision, the pair with most relations to move first; a decision takes them out."""
    graph = grown(triples(*((name, "is a", "tissue") for name in NAMES), ("silk", "contains", "bone")))
    pairs = [("nacre", "wood"), ("silk", "bone"), ("chitin", "lignin"), ("silk", "nacre")]
    doubts = tuple(Change("doubt", pair, reason="alike", score=0.8) for pair in pairs)
    graph.apply(Edit(graph.seq + 1, "add", Delta(changes=doubts)))
    assert edits.queue(graph)[0].concepts == ("silk", "bone")
    graph.apply(edits.merge(graph, "silk", "bone"))
    graph.apply(edits.apart(graph, "lignin", "chitin"))
    graph.apply(edits.reject(graph, "wood"))
    assert [doubt.concepts for doubt in edits.queue(graph)] == [("silk", "nacre")]
    graph.apply(edits.unmerge(graph, "bone"))
    assert [doubt.concepts for doubt in edits.queue(graph)] == [("silk", "nacre")], "unmerging decides it too"


def test_what_was_kept_apart_can_be_put_in_question_again() -> None:
    """A doubt by hand opens the pair again, whatever its names stand for by now; twice is once."""
    graph = grown(triples(("silk", "is a", "tissue"), ("bone", "is a", "tissue"), ("nacre", "is a", "tissue")))
    graph.apply(edits.apart(graph, "silk", "bone"))
    assert not edits.queue(graph)
    graph.apply(edits.merge(graph, "bone", "nacre", into="nacre"))
    graph.apply(edits.doubt(graph, "nacre", "silk"))
    assert len(edits.queue(graph)) == 1
    assert not graph.corrections.are_apart("silk", "nacre")
    with pytest.raises(BadInput, match="wait for a decision already"):
        edits.doubt(graph, "silk", "bone")
    graph.apply(edits.apart(graph, "silk", "nacre"))
    assert not edits.queue(graph)


def test_what_was_said_meanwhile_comes_back_too() -> None:
    """A name that hygiene or a person kept out is restored with what the replies of the log said about it."""
    log: list[Event] = [event(Graph(), triples(("silk", "contains", "glue")))]
    log.append(edits.reject(fold(log), "glue"))
    log.append(
        event(fold(log), triples(("glue", "is a", "protein"), ("silk", "contains", "gland"), ("silk", "has", "high")))
    )
    back = edits.restore(fold(log), "glue", log=log)
    graph = fold([*log, back])
    assert {r.target for r in graph.incident["glue"]} == {"glue"}
    assert "protein" not in graph.concepts, "the other end was never let in"
    log.append(event(fold(log), triples(("protein", "part of", "silk"))))
    graph = fold([*log, edits.restore(fold(log), "glue", log=log)])
    assert {(r.source, r.target) for r in graph.incident["glue"]} == {("silk", "glue"), ("glue", "protein")}
    high = edits.restore(graph, "high", log=[*log, edits.restore(fold(log), "glue", log=log)])
    graph.apply(high)
    assert graph.name("high") == "high"
    assert event(graph, triples(("bone", "has", "high"))).delta.rejects == ()


def test_a_rejected_relation_stays_out() -> None:
    """One relation goes, its concepts stay; said again it is kept out, restored it has its evidence again."""
    graph = grown(triples(("silk", "contains", "glue"), ("silk", "is a", "fibre")))
    before = content(graph)
    graph.apply(edits.reject_relation(graph, edits.find_relation(graph, "silk", "contains", "glue")))
    assert [r.predicate for r in graph.relations] == ["is a"]
    new = event(graph, triples(("Silk", "contains", "Glue")))
    assert [one.rule for one in new.delta.rejects] == ["rejected by hand"]
    graph.apply(edits.restore_relation(graph, "silk", "contains", "glue"))
    assert content(graph) == before


def test_a_new_name_is_known_from_then_on() -> None:
    """After a renaming replies that use the new name, or the old one, mean the same concept."""
    graph = grown(triples(("cnt", "has", "strength")))
    graph.apply(edits.rename(graph, "cnt", "Carbon nanotube"))
    assert graph.name("cnt") == "Carbon nanotube"
    graph.apply(event(graph, triples(("carbon nanotubes", "is a", "fibre"), ("CNT", "is a", "tube"))))
    assert [graph.name(key) for key in graph.concepts] == ["Carbon nanotube", "strength", "fibre", "tube"]


def test_a_predicate_can_be_put_right_again_and_again() -> None:
    """The newest predicate is shown, for what is said later too; the raw words stay as evidence."""
    graph = grown(triples(("silk", "contains", "glue")))
    for predicate in ("produces", "is a"):
        (relation,) = graph.relations
        graph.apply(edits.retype(graph, relation, predicate))
    graph.apply(event(graph, triples(("silk", "contains", "glue"))))
    ((relation, evidence),) = graph.relations.items()
    assert (relation.predicate, len(evidence)) == ("is a", 2)
    assert {one.raw.predicate for one in evidence} == {"contains"}


def test_what_cannot_be_decided_is_said() -> None:
    """Unknown names, decisions that were taken, and empty names each get one sentence."""
    graph = grown(triples(("silk", "contains", "glue"), ("bone", "is a", "nacre")))
    graph.apply(edits.reject(graph, "nacre"))
    attempts: list[tuple[Callable[[], object], str]] = [
        (lambda: edits.merge(graph, "silk", "Silks"), "one concept already"),
        (lambda: edits.merge(graph, "silk", "bones", into="glue"), "neither"),
        (lambda: edits.merge(graph, "silk", "slik"), "no concept 'slik'"),
        (lambda: edits.merge(graph, "silk", "nacre"), "was rejected"),
        (lambda: edits.unmerge(graph, "silk"), "not merged into anything"),
        (lambda: edits.apart(graph, "silk", "silks"), "graphgrow unmerge"),
        (lambda: edits.reject(graph, "nacre"), "rejected already"),
        (lambda: edits.reject(graph, "!!"), "names nothing"),
        (lambda: edits.restore(graph, "silk"), "nothing to restore"),
        (lambda: edits.restore(graph, "wood"), "never rejected"),
        (lambda: edits.restore_relation(graph, "silk", "contains", "glue"), "never rejected"),
        (lambda: edits.rename(graph, "silk", "?"), "names nothing"),
        (lambda: edits.rename(graph, "silk", "Bone"), "merge the two"),
        (lambda: edits.find_relation(graph, "glue", "contains", "silk"), "nothing relates them"),
        (lambda: edits.find_relation(graph, "silk", "is a", "glue"), "related by 'contains'"),
        (lambda: edits.retype(graph, Relation("silk", "contains", "glue"), "CONTAINS"), "already"),
        (lambda: edits.add(graph, "nacre", "is a", "shell"), "was rejected"),
        (lambda: edits.add(graph, "silk", "is a", "..."), "names nothing"),
    ]  # fmt: skip
    for attempt, words in attempts:
        with pytest.raises(BadInput, match=words):
            attempt()


def test_added_relations_and_forbidden_names_bind() -> None:
    """A relation added by hand is one like any other; a name can be rejected before anybody says it."""
    graph = grown(triples(("silk", "contains", "glue")))
    graph.apply(edits.add(graph, "Silk", "has property", "toughness"))
    assert [(r.source, r.target) for r in graph.relations] == [("silk", "glue"), ("silk", "toughness")]
    graph.apply(edits.add(graph, "silk", "has property", "toughness", reason="seen again"))
    assert [graph.support(relation) for relation in graph.relations] == [1, 2]
    graph.apply(edits.reject(graph, "magic"))
    assert event(graph, triples(("silk", "is a", "Magic"))).delta.rejects[0].rule == "rejected by hand"


def test_the_past_is_as_it_was_then() -> None:
    """A graph at an earlier event knows nothing of later decisions."""
    _, log = live(LIFE)
    for seq in range(1, len(log) + 1):
        then = fold(takewhile(lambda one: one.seq <= seq, log))  # noqa: B023  # used at once
        assert then.seq == seq
        assert all(change.do for one in log[:seq] for change in one.delta.changes)
    assert "keratin" in fold(log[:8]).concepts


def test_pairs_that_become_one_are_followed_on() -> None:
    """Two followed pairs that a merge makes one have one length, and the panel goes on."""
    chain = [(f"thing {n}", "is a", f"thing {n + 1}") for n in range(40)]
    log: list[Event] = [event(Graph(), triples(*chain[:20]))]
    log.append(event(fold(log), triples(*chain[20:])))
    log.append(edits.merge(fold(log), "thing 3", "thing 7"))
    rows = pair_paths(log, every=1, pairs=700)
    assert [row.seq for row in rows] == [1, 2, 3]
    assert rows[2].connected < rows[0].pairs


def test_names_that_were_rejected_are_no_new_names() -> None:
    """Renaming, retyping and adding into what was rejected is refused, and nothing is lost."""
    graph = grown(triples(("silk", "contains", "glue"), ("silk", "produces", "wax")))
    graph.apply(edits.reject(graph, "adhesive"))
    graph.apply(edits.reject_relation(graph, edits.find_relation(graph, "silk", "contains", "glue")))
    graph.apply(event(graph, triples(("silk", "produces", "glue"))))
    attempts: list[tuple[Callable[[], object], str]] = [
        (lambda: edits.rename(graph, "wax", "Adhesive"), "was rejected"),
        (lambda: edits.rename(graph, "wax", "wax"), "that name already"),
        (lambda: edits.retype(graph, Relation("silk", "produces", "glue"), "contains"), "restore that first"),
        (lambda: edits.add(graph, "silk", "contains", "glue"), "was rejected, or the two"),
    ]
    for attempt, words in attempts:
        with pytest.raises(BadInput, match=words):
            attempt()
    assert len(graph.relations) == 2


def test_a_given_name_is_not_taken_apart() -> None:
    """The name that a concept was given by renaming is no merged concept: another name can be given instead."""
    graph = grown(triples(("cnt", "contains", "gas")))
    graph.apply(edits.rename(graph, "cnt", "Carbon nanotube"))
    with pytest.raises(BadInput, match="give it another one"):
        edits.unmerge(graph, "carbon nanotube")
    graph.apply(edits.rename(graph, "cnt", "Nanotube"))
    assert graph.name("cnt") == "Nanotube"


def test_restoring_again_adds_no_evidence() -> None:
    """A reply that was read when a name came back is not read again when it comes back a second time."""
    log: list[Event] = [event(Graph(), triples(("silk", "contains", "glue")))]
    log.append(edits.reject(fold(log), "glue"))
    log.append(event(fold(log), triples(("silk", "contains", "Glue"))))
    for _ in range(3):
        log.append(edits.restore(fold(log), "glue", log=log))
        log.append(edits.reject(fold(log), "glue"))
    graph = fold([*log, edits.restore(fold(log), "glue", log=log)])
    assert graph.support(Relation("silk", "contains", "glue")) == 2


def test_a_restoring_reads_the_log_up_to_its_graph() -> None:
    """Events that another writer has added since do not disturb it."""
    log: list[Event] = [event(Graph(), triples(("silk", "contains", "glue")))]
    log.append(edits.reject(fold(log), "glue"))
    graph = fold(log)
    log.append(event(graph, triples(("silk", "contains", "glues"))))
    assert edits.restore(graph, "glue", log=log).seq == 3


def test_a_predicate_put_right_stays_with_what_was_said() -> None:
    """Taken back it is gone, and after an unmerge it stays with the concept that it was said of."""
    graph = grown(triples(("silk", "contains", "glue"), ("web", "contains", "glue")))
    (relation, _) = graph.relations
    graph.apply(edits.retype(graph, relation, "produces"))
    graph.apply(edits.retype(graph, edits.find_relation(graph, "silk", "produces", "glue"), "contains"))
    graph.apply(event(graph, triples(("silk", "produces", "glue"))))
    assert Relation("silk", "produces", "glue") in graph.relations
    graph.apply(edits.merge(graph, "web", "silk"))
    graph.apply(edits.retype(graph, Relation("silk", "contains", "glue"), "uses"))
    graph.apply(edits.unmerge(graph, "web"))
    assert Relation("web", "uses", "glue") in graph.relations


def test_names_taken_as_they_stand_can_be_corrected() -> None:
    """In a graph whose names were not resolved, corrections mean the concepts as they are written there."""
    graph = Graph()
    proposal = Proposal((Triple("Glue Drop", "Contains", "Silk"), Triple("Bone", "is", "Silk")), (), "ok")
    graph.apply(Edit(1, "add", resolve(proposal, graph, "silk", VERBATIM)))
    graph.apply(edits.merge(graph, "Bone", "Silk"))
    graph.apply(edits.unmerge(graph, "Bone"))
    graph.apply(edits.retype(graph, edits.find_relation(graph, "Glue Drop", "Contains", "Silk"), "uses"))
    graph.apply(edits.reject(graph, "Glue Drop"))
    assert list(graph.concepts) == ["Silk", "Bone"]


def test_text_that_no_file_holds_is_cleaned() -> None:
    """A lone surrogate or a control character in a reason or a name does not reach the log."""
    graph = grown(triples(("silk", "contains", "glue")))
    for edit in (edits.reject(graph, "silk", reason="a\udcff\x00b"), edits.add(graph, "a\udcffx", "is\udcff", "bone")):
        assert from_json(to_json(edit)) == edit


def test_many_predicates_are_put_right_in_time() -> None:
    """A thousand corrections fold at once, at a cost that grows with their number and not with its square."""
    concepts = tuple(Concept(f"c{n}", f"c{n}") for n in range(1001))
    said = tuple(Statement(Relation(f"c{n}", "is a", f"c{n + 1}"), Triple("", "", "")) for n in range(1000))
    log: list[Event] = [Edit(1, "add", Delta(concepts, relations=said))]
    for n, one in enumerate(said, 2):
        log.append(Edit(n, "retype", Delta(changes=(Change("retype", relation=one.relation, text="uses"),))))
    graph = fold(log)
    assert graph.decisions == 1
    assert {relation.predicate for relation in graph.relations} == {"uses"}
