"""The benchmark of policies on a model: what is kept of a run, how it goes on, and the figures it is judged by."""

import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import networkx as nx
import pytest

from graphgrow.api.models import make_world, open_llm
from graphgrow.errors import BadInput
from graphgrow.graph.events import write_events
from graphgrow.graph.model import Answer, Budget, Expansion
from graphgrow.growth.loop import Growth
from graphgrow.growth.settings import Settings
from graphgrow.llm.scripted import Scripted
from graphgrow.policy import open_policy
from graphgrow.stores import open_store
from graphgrow.stores.memory import MemoryStore
from graphgrow.stores.outbox import Outbox, PendingReply, state_folder
from tests.conftest import ROOT, triples
from tests.processes import LONGEST, heard, started

sys.path.insert(0, str(ROOT / "benchmarks"))  # scripts, no package

import figures
import live
import policies
import standings

LLM = "world:communities?size=200&seed=1"
TOPIC = str(make_world("communities", 200, 1).graph["topic"])
RANDOM, LATEST = live.Entry("random", 0), live.Entry("latest", 0)


def plan(folder: Path, questions: int = 30) -> live.Plan:
    """Return what the runs of a folder have in common."""
    return live.Plan(folder, TOPIC, LLM, questions)


def timeless(events: Sequence[Expansion]) -> list[Expansion]:
    """Return events without what two runs cannot share."""
    return [replace(event, at="") for event in events]


def kill_after(line: str, folder: Path) -> None:
    """Start the benchmark and kill it when it has said a line."""
    words = ["--llm", LLM, "--topic", TOPIC, "--questions", "30", "--policies", "random", "--keep", str(folder)]
    command = [sys.executable, str(ROOT / "benchmarks" / "policies.py"), *words]
    with started(command, LONGEST, stderr=subprocess.PIPE, text=True) as child:
        heard(child, line, errors=True)


def test_a_killed_run_goes_on_to_the_same_file(tmp_path: Path) -> None:
    """Killed after ten questions and started again, it keeps what a run keeps that was never stopped."""
    kill_after("random-s0: 10 questions", tmp_path / "killed")
    with closing(open_store(str(RANDOM.store(tmp_path / "killed")))) as store:
        before = list(store.events())
    assert len(before) >= 10
    assert not RANDOM.kept(tmp_path / "killed")
    for folder in ("killed", "whole"):
        assert live.grow_missing([RANDOM], plan(tmp_path / folder)) == []
    whole = RANDOM.kept(tmp_path / "whole")
    assert live.steps(whole) == 30
    assert RANDOM.kept(tmp_path / "killed")[: len(before)] == before
    assert timeless(RANDOM.kept(tmp_path / "killed")) == timeless(whole)
    assert [path.name for path in (tmp_path / "killed" / live.RUNNING).iterdir()] == ["random-s0.db.lock"]


def test_a_reply_that_waited_counts_as_the_question_that_it_is(tmp_path: Path) -> None:
    """Killed between a reply and its commit, a run goes on with that reply and asks no question more than it should."""
    home = RANDOM.store(tmp_path / "killed")
    home.parent.mkdir(parents=True)
    with closing(open_store(str(home), create=True)) as store, closing(open_llm(LLM, None, env={})) as model:
        list(Growth(TOPIC, store, model, Settings(open_policy("random"), Budget(steps=10))))
        growth = Growth(TOPIC, store, model, Settings(open_policy("random"), Budget(steps=1)))
        (asked,) = growth.questions(growth.choose())
        with Outbox(state_folder(store.url), PendingReply) as outbox:
            outbox.keep(PendingReply(TOPIC, growth.graph.seq, asked, Answer(asked.prompt, model.ask(asked.prompt))))
    for folder in ("killed", "whole"):
        assert live.grow_missing([RANDOM], plan(tmp_path / folder)) == []
    assert timeless(RANDOM.kept(tmp_path / "killed")) == timeless(RANDOM.kept(tmp_path / "whole"))


def test_more_questions_go_on_from_what_is_kept(tmp_path: Path) -> None:
    """The long run begins with the short one; what is done opens no model."""
    live.grow_missing([RANDOM], plan(tmp_path, 10))
    short = RANDOM.kept(tmp_path)
    live.grow_missing([RANDOM], plan(tmp_path, 20))
    assert RANDOM.kept(tmp_path)[: len(short)] == short
    done = replace(plan(tmp_path, 20), llm="world:none.graphml")
    assert live.grow_missing([RANDOM], done) == []
    assert figures.first_questions(RANDOM.kept(tmp_path), 10) == short


def test_a_policy_with_nothing_left_to_ask_is_done(tmp_path: Path) -> None:
    """A few hidden concepts are soon told: the run is kept with fewer questions, and not started again."""
    names = ("silk", "fibroin", "sericin", "beta sheet", "glycine", "alanine")
    hidden = nx.path_graph(len(names))
    nx.write_graphml(nx.relabel_nodes(hidden, dict(enumerate(names))), tmp_path / "silk.graphml")
    tiny = replace(plan(tmp_path, 500), topic="silk", llm=f"world:{tmp_path / 'silk.graphml'}?drift=0&junk=0")
    for _ in range(2):
        assert live.grow_missing([LATEST], tiny) == []
    assert 0 < live.steps(LATEST.kept(tmp_path)) < 500


def test_no_time_left_asks_nothing(tmp_path: Path) -> None:
    """What is not done is named, and nothing is kept of it."""
    assert live.grow_missing([RANDOM, LATEST], replace(plan(tmp_path), until=0.0)) == [RANDOM, LATEST]
    assert live.entries(tmp_path) == []


def test_runs_that_cannot_be_compared_are_not_mixed(tmp_path: Path) -> None:
    """Another topic, another model, and a question that today's templates would put in another way."""
    live.grow_missing([RANDOM], plan(tmp_path, 5))
    for other, why in (
        (replace(plan(tmp_path), topic="bread"), "'bread'"),
        (replace(plan(tmp_path), llm="world:communities?size=200&seed=2"), "is not the model"),
    ):
        with pytest.raises(BadInput, match=why):
            live.grow_missing([LATEST], other)
    events = RANDOM.kept(tmp_path)
    events[2] = replace(events[2], prompt=replace(events[2].prompt, user="Tell me more."))
    write_events(RANDOM.file(tmp_path), events)
    with pytest.raises(BadInput, match="random-s0 sent another prompt at event 3"):
        live.grow_missing([LATEST], plan(tmp_path))
    _, remarks = standings.load([RANDOM], tmp_path, 5)
    assert "another prompt at event 3" in remarks[0]


def grown(*replies: str) -> list[Expansion]:
    """Return a run about silk that gets these replies."""
    how = Settings(open_policy("bfs"), Budget(steps=len(replies)))
    return list(Growth("silk", MemoryStore(), Scripted(list(replies)), how))


def test_figures_of_a_run_that_is_small_enough_to_count() -> None:
    """Kept concepts without the topic, their relevance, what was said again, what hangs together."""
    events = grown(
        triples(("silk", "contains", "fibroin"), ("silk", "contains", "sericin")),
        triples(("silk", "contains", "fibroin"), ("fibroin", "forms", "beta sheet")),
        triples(("glass", "contains", "sand"), ("sand", "contains", "quartz"), ("quartz", "is", "very hard")),
    )
    bill = figures.tokens(events)
    half = (figures.OFF_TOPIC + figures.ON_TOPIC) / 2
    found = figures.figures(events, lambda _, names: [0.9 if name == "fibroin" else half for name in names])
    assert found["kept"] == pytest.approx(1000 * 6 / bill)
    assert found["kept 2"] == pytest.approx(1000 * 1 / events[1].reply.usage.tokens)
    assert found["relevant"] == pytest.approx(1000 * 3.5 / bill)
    assert found["again"] == pytest.approx(1 / 6)
    assert found["largest"] == pytest.approx(4 / 7)
    assert (found["across"], found["rejects"], found["questions"]) == (0, 1, 3)
    assert figures.judged(events) == events
    assert figures.first_tokens(events, bill - 1) == events[:2]


def test_figures_of_nothing_are_zero() -> None:
    """A run whose replies said nothing has no concept to speak of."""
    assert figures.figures(grown(triples()), lambda _, names: [])["kept"] == 0


def test_the_tables_of_what_is_kept(tmp_path: Path) -> None:
    """Every policy in every table, intervals over seeds, ratios to the rules; runs too short are named."""
    twice = live.Entry("random", 1)
    live.grow_missing([RANDOM, twice, LATEST, live.Entry("hub", 0)], plan(tmp_path, 8))
    live.grow_missing([live.Entry("bfs", 0)], plan(tmp_path, 3))
    runs, remarks = standings.load(live.entries(tmp_path), tmp_path, 8)
    text = "\n".join(standings.report(runs, 8, lambda _, names: [0.3] * len(names)))
    assert remarks == ["bfs-s0 is left out: it has 3 questions"]
    assert text.count("| random | 2 |") == text.count("| hub | 1 |") == 2
    assert " ± " in text
    assert "by relevance / " in text
    assert "no run of 99 questions is kept" in list(standings.report({}, 99, lambda _, names: []))


@pytest.mark.local
def test_the_program_prints_tables_without_a_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is kept is enough; a file of world trials says how far both agree about the order."""
    live.grow_missing([live.Entry(policy, 0) for policy in ("random", "latest", "hub")], plan(tmp_path, 5))
    words = "--seeds 1 --questions 5 --size 120 --jobs 1 --kinds hierarchy --policies hub random latest --keep".split()
    monkeypatch.setattr(sys, "argv", ["policies.py", "--world", *words, str(tmp_path / "w")])
    policies.main()
    capsys.readouterr()
    words = ["--table", "--questions", "5", "--keep", str(tmp_path), "--worlds", str(tmp_path / "w")]
    monkeypatch.setattr(sys, "argv", ["policies.py", *words])
    policies.main()
    said = capsys.readouterr().out
    assert said.count("| hub |") == 4
    assert "the model and hierarchy agree about the order: Spearman's rho" in said


def test_worlds_with_errors_stand_beside_what_was_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What holds is counted by the hidden graph; a file of trials is for one set of dials."""
    words = (
        "--judged --seeds 5 --questions 40 --size 300 --jobs 1 --kinds hierarchy --policies bfs survey random knowledge"
    )
    monkeypatch.setattr(sys, "argv", ["policies.py", "--world", *words.split(), "--keep", str(tmp_path / "w")])
    for _ in range(2):  # the second time out of the file
        policies.main()
        said = capsys.readouterr().out
        assert "| true % | true near the topic/1k |" in said
        assert "the model and the worlds agree about the order: Spearman's rho" in said
    assert "0 trials in" in said
    rows = [line.split(" | ") for line in said.splitlines() if line.startswith("| ")]
    share = {row[0].strip("| "): float(row[1].split(" ±")[0]) for row in rows if len(row) == 5 and row[1][0].isdigit()}
    # Over 24 seeds it is 80; over five it strays by as much as fifteen (twice the standard error).
    assert share["knowledge"] > 65 > share["random"] > share["survey"]
    monkeypatch.setattr(sys, "argv", ["policies.py", "--world", *words.split()[1:], "--keep", str(tmp_path / "w")])
    with pytest.raises(SystemExit, match="other dials"):
        policies.main()
