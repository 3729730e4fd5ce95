"""Laws of every strategy on any graph, and of the policies that choose among them: the log alone decides."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphgrow.api import edits
from graphgrow.errors import BadInput
from graphgrow.graph.events import to_json
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.model import Budget, Event, Focus, Prompt, Reply
from graphgrow.llm.scripted import Scripted
from graphgrow.measure.projection import Structure, pace, structure
from graphgrow.policy import Mix, open_policy
from graphgrow.policy.strategies import STRATEGIES
from graphgrow.stores.memory import MemoryStore
from tests.api.test_edits import decide, decisions
from tests.conftest import triples
from tests.graph.test_graph import said
from tests.growth.test_growth import run
from tests.policy.test_strategies import BONE, SILK, ask, asked, clique, drawn

picks = st.tuples(st.just("ask"), st.sampled_from(list(STRATEGIES)), said)
lives = st.lists(st.one_of(decisions, picks), min_size=1, max_size=14)


class Prompted(Scripted):
    """Answers each question at once, with a reply that follows from the prompt alone."""

    def __init__(self) -> None:
        super().__init__([])

    def ask(self, prompt: Prompt) -> Reply:
        """Reply by the prompt alone, so that the order in which threads run plays no part."""
        mark = sum(prompt.user.encode()) % 997
        protein, sheet = f"protein {mark}", f"sheet {mark % 50}"
        return Reply(triples(("silk", "contains", protein), (protein, "forms", sheet)))


def lived(decided: list[tuple[object, ...]]) -> tuple[Graph, list[Event]]:
    """Return a graph with its log: it grew by questions that its strategies chose, and was corrected in between."""
    graph, log = Graph(), list[Event]()
    for number, (what, *about) in enumerate([("grow", [("silk", "contains", "keratin")]), *decided]):
        if what == "ask":
            focus = next(STRATEGIES[str(about[0])](graph, random.Random(number)), None)
            new: Event | None = asked(graph, focus, triples(*about[1])) if focus else None  # type: ignore[misc]  # drawn
        else:
            new = decide(graph, (what, *about))
        if new:
            graph.apply(new)
            log.append(new)
    return graph, log


def listed(graph: Graph) -> dict[str, list[Focus]]:
    """Return everything that every strategy would ask."""
    return {name: list(islice(strategy(graph, random.Random(7)), 300)) for name, strategy in STRATEGIES.items()}


@given(lives)
@settings(max_examples=60)
def test_laws_of_every_strategy(decided: list[tuple[object, ...]]) -> None:
    """No question twice, in either order; no concept that is not there; a score and one sentence with numbers."""
    graph, _ = lived(decided)
    for name, foci in listed(graph).items():
        questions = [(focus.angle, *sorted(focus.concepts)) for focus in foci]
        assert len(questions) == len(set(questions))
        assert not {*questions} & {(angle, *sorted(keys)) for angle, *keys in graph.asked}
        assert {key for focus in foci for key in focus.concepts} <= graph.concepts.keys()
        assert not {key for focus in foci for key in focus.concepts} & graph.corrections.hidden
        assert all(len(set(focus.concepts)) == len(focus.concepts) for focus in foci)
        assert all(focus.strategy == name and "\n" not in focus.reason for focus in foci)
        if name in {"frontier", "survey", "hub", "bridge", "gap", "link", "surprise", "consolidate"}:
            assert [focus.score for focus in foci] == sorted((focus.score for focus in foci), reverse=True)
            assert all(any(map(str.isdigit, focus.reason)) for focus in foci)


@contextmanager
def slow(small: int) -> Iterator[None]:
    """Let graphs of a few concepts take their structure anew as seldom as those of thousands do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("graphgrow.measure.projection.SMALL", small)
        yield


@given(lives, st.integers(1, 4))
@settings(max_examples=60)
def test_the_log_alone_decides(decided: list[tuple[object, ...]], small: int) -> None:
    """A graph that lived, with whatever it keeps, and one folded from the log afterwards choose the same, in order."""
    with slow(small):
        graph, log = lived(decided)
        assert listed(graph) == listed(graph) == listed(fold(log))
        assert not graph.ahead(asked(graph, Focus("test", ("silk",), "", angle="again"))).memo


@given(st.lists(said, min_size=2, max_size=12))
def test_a_structure_is_the_graph_of_its_event(replies: list[list[tuple[str, str, str]]]) -> None:
    """What is read from a later graph about an earlier event is what the graph of that event says."""
    graph, log = Graph(), list[Event]()
    for number, reply in enumerate(replies):
        log.append(asked(graph, Focus("test", ("silk",), "", angle=str(number)), triples(*reply)))
        graph.apply(log[-1])
    for seq in range(1, len(log) + 1):
        late, then = Structure(graph, seq), Structure(fold(log[:seq]), seq)
        assert (late.keys, late.counts, late.roles) == (then.keys, then.counts, then.roles)
        assert late.graph.get_edgelist() == then.graph.get_edgelist()
        assert late.communities == then.communities


@pytest.mark.parametrize("policy", ["bandit", "lookahead", *STRATEGIES, ",".join(f"{name}=1" for name in STRATEGIES)])
@pytest.mark.parametrize("width", [1, 3])
def test_a_resumed_run_asks_what_an_uninterrupted_one_asks(policy: str, width: int) -> None:
    """Stopped after every third round, also between two structures, a run goes on with the same questions and words."""
    with slow(4):
        whole = run(Prompted(), policy=open_policy(policy), width=width, budget=Budget(steps=30))[1]
        rounds, store = sorted({event.prompt.seed for event in whole}), MemoryStore()
        for start, end in pairwise([*rounds[::3], len(whole)]):
            run(Prompted(), store=store, policy=open_policy(policy), width=width, budget=Budget(steps=end - start))
        assert pace(len(whole), len(store.graph().concepts)) > 2
    assert [to_json(event) for event in store.events()] == [to_json(event) for event in whole]


def test_a_structure_is_kept_until_it_is_old() -> None:
    """One of 4,000 concepts stays for 8 events, a graph of a few has its own at every event; a correction ends both."""
    assert [pace(seq, 4000) for seq in (0, 1, 3, 8, 100)] == [1, 1, 2, 8, 16]
    assert [pace(10**6, concepts) for concepts in (1, 499, 500, 1000, 10**6)] == [1, 1, 2, 4, 2048]
    assert pace(100, 10**6) == 64
    with slow(1):
        graph = drawn(*clique(SILK), *clique(BONE))
        for angle in "abcde":
            ask(graph, "silk", ("silk", "is", f"{angle} fibre"), angle=angle)
        kept = structure(graph)
        assert (graph.seq, kept.seq) == (6, 4)
        ask(graph, "silk", angle="f")
        assert structure(graph) is kept
        graph.apply(edits.reject(graph, "b fibre"))
        assert structure(graph).seq == 8
        assert "b fibre" not in structure(graph).keys


def test_a_policy_is_a_name_or_names_with_weights() -> None:
    """Every strategy is a policy, the mix is as it was, and several strategies share as they are told."""
    assert open_policy("mix") == Mix({"frontier": 0.6, "random": 0.25, "bfs": 0.1, "latest": 0.05})
    assert [open_policy(name) for name in STRATEGIES] == [Mix({name: 1.0}) for name in STRATEGIES]
    assert open_policy("frontier=3, gap = 1,bridge=0.5") == Mix({"frontier": 3.0, "gap": 1.0, "bridge": 0.5})


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ("clever", "unknown policy 'clever'"), ("frontier=3,clever=1", "unknown policy"), ("frontier,gap", "unknown"),
        ("", "unknown policy ''"), ("gap=0", "no number above 0"), ("gap=-1", "'-1' of 'gap'"), ("gap=x", "'x'"),
        ("gap=nan", "'nan'"), ("gap=inf", "'inf'"), ("gap=", "''"), ("gap=1,gap=2", "twice"), ("mix=1", "unknown"),
    ],
)  # fmt: skip
def test_a_policy_that_is_none_is_refused(policy: str, words: str) -> None:
    """Unknown names, weights that are no share of anything and names that stand twice are said in one sentence."""
    with pytest.raises(BadInput, match=words):
        open_policy(policy)


def test_a_strategy_without_a_question_is_stood_in_for() -> None:
    """A graph without a gap is asked about by frontier, which the log says; a baseline is left to its end."""
    graph = drawn(("silk", "is", "fibroin"))
    assert [f.strategy for f in open_policy("gap").choose(graph, "silk", random.Random(1))] == ["frontier"]
    for key in ("silk", "fibroin"):
        ask(graph, key)
    assert open_policy("bfs").choose(graph, "silk", random.Random(1)) == []
