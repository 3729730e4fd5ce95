"""Communities that keep their number, their names, how they come and go, and bridges that do not hang on a draw."""

from collections import Counter
from copy import deepcopy
from dataclasses import replace
from itertools import pairwise

import igraph as ig
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from graphgrow.api.edits import merge, reject
from graphgrow.errors import BadInput
from graphgrow.graph.events import read_events
from graphgrow.graph.graph import Graph, fold
from graphgrow.measure.communities import (
    CommunityChange,
    Partition,
    changes,
    consensus_bridges,
    participation,
    partition,
    partitions,
    persistence,
    up_to,
)
from graphgrow.measure.projection import leiden
from tests.conftest import RECORDED
from tests.measure.test_history import PAIRS, edits

MEMBERSHIPS: SearchStrategy[list[dict[str, int]]] = st.lists(
    st.dictionaries(st.sampled_from("abcdefghijklmnop"), st.integers(0, 4)), max_size=5
)


def run(*memberships: dict[str, int]) -> list[Partition]:
    """Return partitions of which nothing matters but who is where."""
    return [Partition(seq, membership, {}, ()) for seq, membership in enumerate(memberships, 1)]


def in_words(text: str) -> dict[str, int]:
    """Return the membership of a text such as "abc def": the first word is community 0, the second 1; "-" is none."""
    return {key: number for number, word in enumerate(text.split()) for key in word if key != "-"}


def standing(membership: dict[str, int], smallest: int) -> set[int]:
    """Return the numbers that have at least so many concepts."""
    return {number for number, size in Counter(membership.values()).items() if size >= smallest}


def clique(name: str) -> list[tuple[str, str]]:
    """Return ten relations among five concepts."""
    return [(f"{name}{i}", f"{name}{j}") for i in range(5) for j in range(i)]


def test_warm_communities_are_as_good_as_cold_ones() -> None:
    """Started from the snapshot before, Q is at no snapshot more than .01 below that of a cold start."""
    events, graph, quality = list(read_events(RECORDED)), Graph(), dict[int, tuple[float, float]]()
    warm = {snapshot.seq: snapshot.membership for snapshot in partitions(events, every=25)}
    for event in events:
        graph.apply(event)
        if event.seq % 25 == 0:
            simple, labels = graph.igraph(), [warm[event.seq][key] for key in graph.concepts]
            quality[event.seq] = simple.modularity(labels), leiden(simple, 0).modularity
    assert warm.keys() == quality.keys()
    assert [(seq, own, cold) for seq, (own, cold) in quality.items() if own < cold - 0.01] == []


def test_a_community_keeps_its_number_while_its_concepts_stay() -> None:
    """Two cliques keep the numbers they had at the start, and a third that comes later gets a new one."""
    one, two, three = map(clique, "abc")
    snapshots = list(partitions(edits([*one, *two, ("a0", "b0"), *three, ("b1", "c1")]), every=10))
    first, last = snapshots[0].membership, snapshots[-1].membership
    assert {last[f"a{i}"] for i in range(5)} == {first["a0"]}
    assert len({last["a0"], last["b0"], last["c0"]}) == 3
    assert snapshots[-1].bridges == {"a0", "b0", "b1", "c1"}


def test_the_same_seed_gives_the_same_partitions() -> None:
    """Partitions can be repeated."""
    events = list(read_events(RECORDED))[:100]
    assert list(partitions(events, seed=3)) == list(partitions(events, seed=3))


def test_communities_are_called_by_their_most_central_concepts() -> None:
    """Neighbours inside decide, then the key; the largest stands first, with its first snapshot."""
    star = [("hub", f"ray {i}") for i in range(6)]
    last = list(partitions(edits([*clique("a"), *star, ("a3", "a9"), ("a3", "ray 0")]), every=10))[-1]
    assert [(c.size, c.born, c.name) for c in last.communities] == [
        (7, 18, ("hub", "ray 0", "ray 1")),
        (6, 10, ("a3", "a0", "a1")),
    ]


@given(PAIRS)
def test_a_number_stands_for_one_community_only(pairs: list[tuple[str, str]]) -> None:
    """Sizes are those of the membership, a number keeps its birth, and one that went never comes back."""
    snapshots = list(partitions(edits(pairs), every=1))
    born = dict[int, int]()
    for snapshot in snapshots:
        assert {c.number: c.size for c in snapshot.communities} == Counter(snapshot.membership.values())
        for community in snapshot.communities:
            assert born.setdefault(community.number, snapshot.seq) == community.born
    there = [{c.number for c in snapshot.communities} for snapshot in snapshots]
    gone = set[int]()
    for before, now in pairwise(there):
        gone |= before - now
        assert not gone & now


def test_communities_settle_where_two_partitions_are_equally_good() -> None:
    """From this start igraph's Leiden "until nothing changes" goes round for ever; ours stops, and no lower."""
    graph = ig.Graph(n=7, edges=[(4, 6), (3, 4), (0, 4), (1, 6), (3, 6), (1, 4), (4, 5), (2, 3)])
    start = [0, 1, 1, 2, 3, 4, 2]
    assert min(leiden(graph, seed, start).modularity for seed in range(50)) > graph.modularity(start)


def test_births_splits_merges_and_deaths_by_their_rule() -> None:
    """Mostly new concepts are a birth, half of one that lasts a split, half into one that lasts a merge."""
    assert changes(run(in_words("abcd efg"))) == [
        CommunityChange(1, "birth", 0, ()),
        CommunityChange(1, "birth", 1, ()),
    ]
    first = in_words("abcdef ghi")
    assert changes(run(first, in_words("abc ghi defx")))[2:] == [CommunityChange(2, "split", 2, (0,))]
    assert changes(run(first, in_words("abcde ghi fxy")))[2:] == [CommunityChange(2, "birth", 2, (0,))]
    assert changes(run(first, in_words("abcdefghi")))[2:] == [CommunityChange(2, "merge", 1, (0,))]
    assert changes(run(first, in_words("abcdef")))[2:] == [CommunityChange(2, "death", 1, ())]
    four = in_words("abc def ghi jkl")
    assert changes(run(four, in_words("abcj defk ghil")))[4:] == [CommunityChange(2, "death", 3, (0, 1, 2))]
    assert changes(run(in_words("abcd efgh ijkl"), in_words("abc efg ijk dhl")))[3:] == [
        CommunityChange(2, "birth", 3, (0, 1, 2))
    ]


def test_a_renamed_community_neither_splits_nor_merges() -> None:
    """Where nothing lasts there is no partner: one number dies, the other is born."""
    assert changes(run(in_words("abc"), in_words("- abc")))[1:] == [
        CommunityChange(2, "birth", 1, ()),
        CommunityChange(2, "death", 0, ()),
    ]


def test_communities_of_one_or_two_concepts_do_not_count() -> None:
    """Two concepts are no birth, unless one asks for those."""
    snapshots = run(in_words("ab cd"), in_words("abcd"))
    assert changes(snapshots) == [CommunityChange(2, "birth", 0, ())]
    assert [change.kind for change in changes(snapshots, smallest=2)] == ["birth", "birth", "merge"]


@given(MEMBERSHIPS, st.integers(1, 4))
def test_every_coming_and_going_is_one_change(memberships: list[dict[str, int]], smallest: int) -> None:
    """The numbers that come or go between two snapshots are those of the changes, each once, and the kinds add up."""
    found = changes(run(*memberships), smallest=smallest)
    there = [set[int](), *(standing(membership, smallest) for membership in memberships)]
    for seq, (before, now) in enumerate(pairwise(there), 1):
        kinds = {change.community: change.kind for change in found if change.seq == seq}
        assert sorted(c.community for c in found if c.seq == seq) == sorted(before ^ now)
        assert all((kinds[number] in {"birth", "split"}) == (number in now) for number in before ^ now)
        assert all(set(change.others) <= before & now for change in found if change.seq == seq)
    assert all(change.others for change in found if change.kind in {"merge", "split"})


def test_changes_of_the_recorded_run_lead_to_its_communities() -> None:
    """Over 300 real steps communities are born, split and merge, and what is left is what the last snapshot has."""
    snapshots = list(partitions(read_events(RECORDED)))
    kinds = Counter(change.kind for change in changes(snapshots))
    left = kinds["birth"] + kinds["split"] - kinds["merge"] - kinds["death"]
    assert left == sum(community.size >= 3 for community in snapshots[-1].communities)
    assert min(kinds["birth"], kinds["split"], kinds["merge"]) > 0


def test_ends_of_the_only_link_between_two_cliques_are_bridges_in_every_partition() -> None:
    """Where the communities are beyond doubt, the consensus of all runs is the paper's flag."""
    near = fold(edits([*clique("a"), *clique("b"), ("a0", "b0")])).neighbours
    assert consensus_bridges(near, share=1.0) == {"a0", "b0"}
    assert consensus_bridges({}) == set()


def jaccard(one: set[str], other: set[str]) -> float:
    """Return the share of what either has that both have."""
    return len(one & other) / len(one | other)


def test_consensus_repeats_better_than_one_partition() -> None:
    """On a real graph the bridges of two draws agree less than two consensuses of twenty draws each."""
    graph = fold(read_events(RECORDED))
    one, other = (
        {
            key
            for key, value in participation(
                graph.neighbours, dict(zip(graph.concepts, leiden(graph.igraph(), seed).membership, strict=True))
            ).items()
            if value > 0
        }
        for seed in (1, 2)
    )
    first, second = (consensus_bridges(graph.neighbours, runs=20, seed=seed) for seed in (1, 2))
    assert jaccard(first, second) > max(jaccard(one, other), 0.9)


@given(PAIRS, st.integers(1, 6))
def test_a_higher_share_holds_fewer_bridges(pairs: list[tuple[str, str]], runs: int) -> None:
    """What is a bridge in all partitions is one in half of them, and has two neighbours."""
    near = fold(edits(pairs)).neighbours
    all_of_them, half = (consensus_bridges(near, runs=runs, share=share) for share in (1.0, 0.5))
    assert all_of_them <= half
    assert all(len(near[key]) > 1 for key in half)


@pytest.mark.parametrize(("runs", "share"), [(0, 0.8), (10, 0.0), (10, 1.5)])
def test_a_consensus_of_nothing_is_refused(runs: int, share: float) -> None:
    """No partition, and a share that is none, are errors of the caller."""
    with pytest.raises(BadInput, match=f"bridges in {share} of {runs} partitions"):
        consensus_bridges({}, runs=runs, share=share)


@given(PAIRS, PAIRS)
def test_the_partition_follows_from_the_log_alone(first: list[tuple[str, str]], more: list[tuple[str, str]]) -> None:
    """Asked after every event or once, all is the same; sizes add up, and who stays has number and colour for life."""
    watched, colours = Graph(), dict[int, int]()
    for event in edits([*first, *more]):
        watched.apply(event)
        membership, found = partition(watched)
        assert membership.keys() == watched.concepts.keys()
        assert Counter(membership.values()) == {one.number: one.size for one in found}
        assert [one.size for one in found] == sorted((one.size for one in found), reverse=True)
        assert all(colours.setdefault(one.number, one.colour) == one.colour for one in found)
    assert partition(fold(edits([*first, *more]))) == partition(watched)


def test_communities_of_the_recorded_run_last() -> None:
    """They are about as good as Leiden's own, in colours of their own, and hardly a concept changes community."""
    events, graph, moved, before = list(read_events(RECORDED)), Graph(), 0, dict[str, int]()
    for event in events:
        graph.apply(event)
        membership, found = partition(graph)
        moved += sum(membership.get(key, number) != number for key, number in before.items())
        before = dict(membership)
    assert moved < 2 * len(graph.concepts)
    assert len({one.colour for one in found}) == len(found)
    simple = graph.igraph()
    labels = [membership[key] for key in graph.concepts]
    assert simple.modularity(labels) > leiden(simple, 0).modularity - 0.02
    part = graph.subgraph([one for one in graph.relations if membership[one.source] == found[0].number])
    assert partition(part)[0] == {key: membership[key] for key in part.concepts}
    snapshots = up_to(graph, list(partitions(events, every=100)))
    assert (snapshots[-1].membership, [one.number for one in snapshots[-1].communities]) == (
        membership, [one.number for one in found]
    )  # fmt: skip
    lasting = {one.number for one in snapshots[-2].communities} & {one.number for one in found}
    assert len(lasting) > len(found) // 2


def test_a_decision_leaves_the_communities_of_all_others_as_they_are() -> None:
    """Two concepts are merged and one is rejected in the middle of a run: nobody else gets another number or colour."""
    graph, rest = Graph(), list(read_events(RECORDED))
    graph.apply_all(rest[:200])
    for is_merged in (True, False):
        before, known = partition(graph)
        graph.apply(merge(graph, *list(graph.concepts)[-2:]) if is_merged else reject(graph, max(graph.concepts)))
        membership, found = partition(graph)
        assert membership.items() <= before.items()
        assert len(membership) == len(before) - 1
        assert {(one.number, one.colour) for one in found} <= {(one.number, one.colour) for one in known}
    for event in rest[200:]:
        there = {concept.key for concept in event.delta.concepts} | graph.arrived.keys()
        if all(end in there for one in event.delta.statements for end in one.relation.ends):
            graph.apply(replace(event, seq=graph.seq + 1))
            partition(graph)
    assert graph.seq > 300
    other = deepcopy(graph)  # which knows nothing of what was worked out
    assert partition(other) == partition(graph)


def test_nothing_has_no_partition() -> None:
    """An empty run has no snapshot and no change; a graph without an edge has no bridge."""
    assert list(partitions([])) == []
    assert changes([]) == []
    (only,) = partitions(edits([("a", "a")]))
    assert (only.membership, only.bridges) == ({"a": 0}, set())


def test_participation_is_zero_at_home_and_half_between_two() -> None:
    """All neighbours in one community: 0; half here, half there: 1/2; no neighbour: 0."""
    near = {"a": ["b", "c"], "b": ["a"], "c": ["a"], "d": []}
    found = participation(near, {"a": 0, "b": 0, "c": 1, "d": 2})
    assert found == {"a": pytest.approx(0.5), "b": 0, "c": 0, "d": 0}


def test_persistence_counts_snapshots_in_a_row() -> None:
    """A bridge that flickers is counted in parts, or whole where a gap of one is forgiven."""
    run = [{"x"}, {"x"}, set[str](), {"x"}, set[str](), set[str]()]
    assert persistence(run) == {"x": 2}
    assert persistence(run, flicker=1) == {"x": 3}
