"""The benchmark of what graphs are worth to who reads them: sheets for judges, verdicts read, coverage."""

import json
import random
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from scipy.stats import binomtest

from graphgrow.errors import BadInput
from graphgrow.graph.events import read_events, write_events
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.model import (
    Budget,
    Change,
    Delta,
    Edit,
    Event,
    Expansion,
    Prompt,
    ReasoningStep,
    Relation,
    Reply,
    Usage,
)
from graphgrow.growth.loop import Growth
from graphgrow.growth.settings import Settings
from graphgrow.llm.scripted import Scripted
from graphgrow.policy import open_policy
from graphgrow.stores.memory import MemoryStore
from tests.conftest import ROOT, chatter, triples
from tests.processes import finished

sys.path.insert(0, str(ROOT / "benchmarks"))  # scripts, no package

import knowledge

POLICIES = ROOT / "data" / "policies"
BANDIT, SURVEY = (f"{POLICIES / name}-s0.jsonl.gz" for name in ("bandit", "survey"))
COLUMNS = ("id", "truth", "informative", "source_ok", "target_ok")

Printed = Callable[..., str]


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Printed:
    """Return what the program prints when it is given some words."""

    def printed(*words: object) -> str:
        knowledge.main([str(word) for word in words])
        return capsys.readouterr().out

    return printed


def refused(*words: object) -> str:
    """Return the one sentence with which the program ends."""
    with pytest.raises(SystemExit) as ended:
        knowledge.main([str(word) for word in words])
    sentence = str(ended.value)
    assert sentence.startswith("error: ")
    assert "\n" not in sentence
    return sentence


def grown(path: Path, replies: list[Reply], *others: Event) -> Path:
    """Keep a run about spider silk that got these replies, one a question, and then other events."""
    settings = Settings(open_policy("random"), Budget(steps=len(replies)))
    events: list[Event] = list(Growth("spider silk", MemoryStore(), Scripted(replies), settings))
    write_events(path, [*events, *others])
    return path


def billed(texts: list[str], tokens: int) -> list[Reply]:
    """Return replies with the same bill each."""
    return [Reply(text, Usage(tokens - 10, 10)) for text in texts]


def judge(folder: Path, name: str, rows: list[str]) -> None:
    """Write the verdicts of a judge."""
    (folder / f"judge-{name}.csv").write_text("\n".join((",".join(COLUMNS), *rows, "")), encoding="utf-8")


def test_kappa_is_agreement_beyond_chance() -> None:
    """20 times both yes, 15 times both no, 5 and 10 times apart: .7 agreed, .5 by chance, so kappa is .4."""
    one = pd.Series(["1"] * 25 + ["0"] * 25)
    other = pd.Series(["1"] * 20 + ["0"] * 5 + ["1"] * 10 + ["0"] * 15)
    assert knowledge.kappa(one, other) == pytest.approx(0.4)
    assert knowledge.kappa(one, one) == 1
    assert knowledge.kappa(pd.Series(["T", "T"]), pd.Series(["F", "F"])) == 0  # a verdict that one of them never gives


def test_kappa_of_judges_who_cannot_disagree_is_none() -> None:
    """Where both say the same of everything, chance would say it too."""
    assert knowledge.kappa(pd.Series(["T"] * 3), pd.Series(["T"] * 3)) is None


@pytest.mark.parametrize(("yes", "count"), [(0, 25), (10, 50), (50, 50), (1, 3)])
def test_a_share_has_wilson_s_interval(yes: int, count: int) -> None:
    """Two judges who agree give the interval of one, for so many relations and not for so many verdicts."""
    column = [place < yes for place in range(count)]
    known = binomtest(yes, count).proportion_ci(method="wilson")
    found = knowledge.share(pd.DataFrame({"a": column, "b": column}))
    assert (found.value, found.low, found.high) == pytest.approx((yes / count, known.low, known.high))


def test_a_share_is_averaged_over_the_judges() -> None:
    """One says yes 3 times of 4, the other once: half of 4, by hand from .150 to .850, and all that times a factor."""
    found = knowledge.share(pd.DataFrame({"a": [True, True, True, False], "b": [True, False, False, False]}), 10)
    assert found.value == 5
    assert (found.low, found.high) == pytest.approx((1.500, 8.500), abs=0.001)


def test_calibration_is_that_worked_out_by_hand() -> None:
    """Five relations in three of five bins; one judge calls the surest two true, the other one more."""
    confidences = pd.Series([0.9, 1.0, 0.5, 0.5, 0.1])
    is_true = pd.DataFrame({"a": [True, True, False, False, False], "b": [True, True, True, False, False]})
    found = knowledge.calibration(confidences, is_true)
    assert [(one.count, one.confidence, one.true) for one in found.bins] == [
        (1, 0.1, 0.0),
        (2, 0.5, 0.25),
        (2, pytest.approx(0.95), 1.0),
    ]
    assert found.error == pytest.approx((0.1 + 2 * 0.25 + 2 * 0.05) / 5)
    # The first judge's true ones are above all others; of the second's 3 x 2 pairs one is a tie.
    assert found.auc == pytest.approx((1 + 5.5 / 6) / 2)


def test_no_area_where_all_is_true() -> None:
    """Nothing can be ranked above what is not true."""
    found = knowledge.calibration(pd.Series([0.2, 0.6]), pd.DataFrame({"a": [True, True], "b": [True, True]}))
    assert found.auc is None
    assert found.error == pytest.approx((0.8 + 0.4) / 2)


def test_figures_of_an_arm_are_those_worked_out_by_hand() -> None:
    """Two runs show 10 relations for 4,000 tokens; 3 of 8 verdicts are T and 1: 3 / 8 * 10 / 4 per 1,000."""
    relations = [Relation(f"protein {place}", "forms", "sheet") for place in range(10)]
    runs = [
        knowledge.Run(Path(), Graph(), some, 100, tokens, is_checked=False)
        for some, tokens in ((relations[:7], 1_500), (relations[7:], 2_500))
    ]
    said = {
        "truth": {"a": ["T", "T", "H", "F"], "b": ["T", "H", "H", "F"]},
        "informative": {"a": ["1", "1", "1", "0"], "b": ["1", "1", "0", "0"]},
        "source_ok": {"a": ["1", "1", "0", "0"], "b": ["1", "1", "1", "1"]},
        "target_ok": {"a": ["1", "1", "1", "1"], "b": ["1", "1", "1", "0"]},
    }
    tables = {verdict: pd.DataFrame(judges) for verdict, judges in said.items()}
    found = knowledge.figures(knowledge.Arm("bandit", ()), runs, tables)
    assert (found.judged, found.relations, found.questions, found.tokens) == (4, 10, 200, 4_000)
    assert (found.true.value, found.half, found.false) == (3 / 8, 3 / 8, 2 / 8)
    assert (found.informative, found.fit_names) == (5 / 8, 13 / 16)
    assert found.true_and_informative.value == 3 / 8
    assert found.per_1000_tokens.value == pytest.approx(3 / 8 * 10 / 4)
    assert found.per_1000_tokens.high == pytest.approx(found.true_and_informative.high * 10 / 4)


def test_what_a_run_shows_and_costs_ends_with_its_last_question(tmp_path: Path) -> None:
    """The first two of three questions at 100 tokens, with the edit between them and without the bill of reasoning."""
    run = grown(tmp_path / "run.jsonl", billed(chatter(3), 100))
    first, second, third = read_events(run)
    thought = ReasoningStep(2, "ask", "plan", {}, prompt=Prompt("", ""), reply=Reply("", Usage(900, 90)))
    gone = Delta(changes=(Change("reject", ("protein 1",)),))
    edit = Edit(3, "reject", gone)
    moved = [first, thought, edit, *(replace(e, seq=e.seq + 2) for e in (second, third))]
    write_events(run, moved)
    _, (found,) = knowledge.load(knowledge.parse_arm(f"silk={run}"), 2)
    assert (found.questions, found.tokens, found.is_checked) == (2, 200, False)
    assert found.relations == list(fold(moved[:4]).relations)
    assert {key for relation in found.relations for key in relation.ends} == {"spider silk", "protein 2", "sheet 2"}


def test_relations_are_drawn_from_every_run_in_proportion() -> None:
    """40 of 300 and 100: 30 and 10, none twice, the same for the same seed; all where there are fewer."""
    runs = [
        knowledge.Run(Path(name), Graph(), [Relation(name, "is", str(n)) for n in range(count)], 1, 1, is_checked=False)
        for name, count in (("a", 300), ("b", 100))
    ]
    drawn = knowledge.draw(runs, 40, random.Random(1))
    assert [run.path.name for run, _ in drawn] == ["a"] * 30 + ["b"] * 10
    assert len({relation for _, relation in drawn}) == 40
    assert drawn == knowledge.draw(runs, 40, random.Random(1)) != knowledge.draw(runs, 40, random.Random(2))
    assert {relation for _, relation in knowledge.draw(runs, 1000, random.Random(1))} == {
        relation for run in runs for relation in run.relations
    }


def test_a_run_that_would_not_be_seen_is_no_run_left_out() -> None:
    """One that shows nothing costs its tokens all the same."""
    empty = knowledge.Run(Path("b"), Graph(), [], 1, 1, is_checked=False)
    full = knowledge.Run(Path("a"), Graph(), [Relation("a", "is", "b")], 1, 1, is_checked=False)
    with pytest.raises(BadInput, match="b shows 0 relations, none of which was drawn"):
        knowledge.draw([full, empty], 10, random.Random(0))


def test_a_sheet_hides_whose_relations_are_and_the_key_tells_it(tmp_path: Path, printed: Printed) -> None:
    """Rows are mixed and without an arm; verdicts on them come back as figures of the arms, with their relations."""
    words = ("sheet", "--runs", f"bandit={BANDIT}", f"survey={SURVEY}", "--per-arm", 6, "--seed", 3, "--out")
    printed(*words, tmp_path / "one")
    printed(*words, tmp_path / "again")
    names = ("sheet.csv", "key.csv")
    texts = [(tmp_path / "one" / name).read_text(encoding="utf-8") for name in names]
    assert texts == [(tmp_path / "again" / name).read_text(encoding="utf-8") for name in names]
    sheet, key = (pd.read_csv(tmp_path / "one" / name, dtype=str, keep_default_na=False) for name in names)
    assert list(sheet) == ["id", "source", "predicate", "target"]
    assert list(sheet["id"]) == list(key["id"]) == [str(place) for place in range(1, 13)]
    assert list(key["arm"]) != sorted(key["arm"])
    assert set(key["run"]) == {"data/policies/bandit-s0.jsonl.gz", "data/policies/survey-s0.jsonl.gz"}
    for row, whose in zip(sheet.itertuples(), key.itertuples(), strict=True):
        event = list(read_events(ROOT / str(whose.run)))[int(str(whose.event)) - 1]
        assert isinstance(event, Expansion)
        assert row.predicate in {said.relation.predicate for said in event.delta.relations}
    for name in knowledge.JUDGES:
        rows = zip(key["id"], key["arm"], strict=True)
        judge(tmp_path / "one", name, [f"{id_},{'T' if arm == 'survey' else 'F'},1,1,1" for id_, arm in rows])
    found = json.loads(printed("read", tmp_path / "one", "--json"))
    shown = {one["arm"]: one for one in found["arms"]}
    assert [one["arm"] for one in found["arms"]] == ["survey", "bandit"]  # best first
    assert [shown[arm]["true"]["value"] for arm in ("bandit", "survey")] == [0, 1]
    assert [shown[arm]["relations"] for arm in ("bandit", "survey")] == [838, 865]
    assert shown["survey"]["per_1000_tokens"]["value"] == pytest.approx(1000 * 865 / shown["survey"]["tokens"])
    assert found["kappa"] == {"truth": 1, "informative": None}
    assert found["calibration"] == {}  # no run has fact checks
    apart = ("--key", tmp_path / "one" / "key.csv", "--verdicts", *(tmp_path / "one" / f"judge-{n}.csv" for n in "ab"))
    moved = ("--runs", f"survey={SURVEY}", f"bandit={BANDIT}")
    assert printed("read", *apart, *moved) == printed("read", tmp_path / "one")
    assert "--runs has to name just these" in refused("read", *apart, "--runs", f"survey={SURVEY}")
    assert "holds a sheet already" in refused(*words, tmp_path / "one")


def test_relations_of_several_topics_come_with_theirs(tmp_path: Path, printed: Printed) -> None:
    """A judge has to know what a relation is about."""
    arm = f"bandit={BANDIT},{POLICIES / 'medieval-trade' / 'bandit-s0.jsonl.gz'}"
    printed("sheet", "--runs", arm, "--questions", 10, "--per-arm", 8, "--seed", 0, "--out", tmp_path)
    sheet = pd.read_csv(tmp_path / "sheet.csv")
    assert set(sheet["topic"]) == {"impact resistant materials", "medieval trade"}


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (["1,T,1,1,1"], "does not judge the id '2' (1 of 2 are missing)"),
        (["1,T,1,1,1", "2,T,1,1,1", "2,F,0,1,1"], "has the id '2' twice"),
        (["1,T,1,1,1", "2,T,1,1,1", "3,T,1,1,1"], "judges the id '3', which is not in the key"),
        (["1,T,1,1,1", "2,t,1,1,1"], "says truth 't' of the id '2': it may be T, H, F"),
        (["1,T,yes,1,1", "2,T,1,1,1"], "says informative 'yes' of the id '1': it may be 0, 1"),
        (["1,T,1,1,1", "2,T,1,,1"], "says source_ok '' of the id '2': it may be 0, 1"),
        (["1,T,1,1,1", '2,"T,1,1,1'], "is no table that can be read"),
    ],
)
def test_verdicts_that_cannot_count_are_named(tmp_path: Path, rows: list[str], problem: str) -> None:
    """One sentence with the file and the id."""
    key = pd.DataFrame({"id": ["1", "2"], "arm": "bandit", "run": BANDIT, "event": "1"})
    key.assign(confidence="", topic="", questions="5", threshold="").to_csv(tmp_path / "key.csv", index=False)
    judge(tmp_path, "a", ["1,T,1,1,1", "2,T,1,1,1"])
    judge(tmp_path, "b", rows)
    sentence = refused("read", tmp_path)
    assert problem in sentence
    assert "judge-b.csv" in sentence


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("bandit", "'bandit' is not NAME=RUN"),
        ("=a.jsonl", "is not NAME=RUN"),
        ("bandit@2=a.jsonl", "a threshold of '2'"),
        ("bandit@much=a.jsonl", "a threshold of 'much'"),
    ],
)
def test_an_arm_is_a_name_with_runs(
    words: str, problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is no arm is refused before anything is read."""
    with pytest.raises(SystemExit):
        knowledge.main(["sheet", "--seed", "1", "--out", str(tmp_path), "--runs", words])
    assert problem in capsys.readouterr().err


def test_an_arm_is_given_once_and_its_threshold_needs_fact_checks(tmp_path: Path) -> None:
    """Two arms of one name could not be told apart; without fact checks nothing is surer than anything else."""
    words = ("sheet", "--seed", 1, "--out", tmp_path, "--runs")
    assert "'bandit' is given twice" in refused(*words, f"bandit={BANDIT}", f"bandit={SURVEY}")
    assert "has no fact checks" in refused(*words, f"bandit@0.7={BANDIT}")


def test_coverage_counts_lines_of_which_any_name_is_held(tmp_path: Path, printed: Printed) -> None:
    """Two runs at 500 tokens hold 2 and 1 of 4 lines: by a name, by another one, in the plural, and not at all."""
    gold = tmp_path / "gold.txt"
    gold.write_text("# silk\nfibroin | silk core\n\nbeta sheets\nspider web | Orb-Web\nkevlar\n", encoding="utf-8")
    texts = (
        triples(("spider silk", "contains", "silk core"), ("silk core", "forms", "beta sheet")),
        triples(("spider silk", "forms", "orb web"), ("orb web", "catches", "prey")),
    )
    one, two = (grown(tmp_path / f"{n}.jsonl", billed([text], 500)) for n, text in enumerate(texts))
    words = ("coverage", "--gold", gold, "--runs", f"both={one},{two}", f"one={one}")
    assert json.loads(printed(*words, "--json")) == {
        "topic": "spider silk",
        "lines": 4,
        "arms": [
            {"arm": "both", "runs": 2, "coverage": 3 / 8, "tokens": 1_000, "lines_per_1000_tokens": 3.0},
            {"arm": "one", "runs": 1, "coverage": 1 / 2, "tokens": 500, "lines_per_1000_tokens": 4.0},
        ],
    }
    assert printed(*words).splitlines()[-2:] == [
        "| one | 1 | 50.0 | 500 | 4.00 |",
        "| both | 2 | 37.5 | 1,000 | 3.00 |",
    ]


def test_coverage_of_two_topics_at_once_is_refused(tmp_path: Path) -> None:
    """A vocabulary that nobody could cover would count against the runs about something else."""
    gold = tmp_path / "gold.txt"
    gold.write_text("kevlar\n", encoding="utf-8")
    other = POLICIES / "medieval-trade" / "bandit-s0.jsonl.gz"
    words = ("coverage", "--gold", gold, "--questions", 3, "--runs")
    assert "impact resistant materials, medieval trade" in refused(*words, f"bandit={BANDIT},{other}")
    gold.write_text("# nothing\n", encoding="utf-8")
    assert "names no concept" in refused(*words, f"bandit={BANDIT}")
    assert "gold.csv is no vocabulary" in refused("coverage", "--gold", tmp_path / "gold.csv", "--runs", f"a={BANDIT}")


def test_kept_verdicts_give_the_figures_of_their_table(shared: Path, tmp_path: Path, printed: Printed) -> None:
    """125 relations, judged twice and alike in truth 119 times, give the shares and the kappa worked out by hand."""
    table = pd.read_csv(shared / "judged-relations.csv", dtype=str)
    table["id"] = [str(place) for place in range(len(table))]
    table["arm"] = table["run"].str.partition("-s")[0]
    table["run"] = "data/policies/" + table["run"] + ".jsonl.gz"
    table = table.assign(confidence=1 / (1 + 2.718281828 ** -table["log_odds_true"].astype(float)))
    table.assign(topic="", questions="100", threshold="")[knowledge.KEY].to_csv(tmp_path / "key.csv", index=False)
    for place, name in enumerate(knowledge.JUDGES, 1):
        own = table[["id", *(f"{column}_{place}" for column in COLUMNS[1:])]]
        judge(tmp_path, name, [",".join(row) for row in own.itertuples(index=False)])
    found = json.loads(printed("read", tmp_path, "--json"))
    by_arm = {one["arm"]: one for one in found["arms"]}
    true = {arm: one["true"]["value"] * one["judged"] for arm, one in by_arm.items()}
    assert true == pytest.approx({"bandit": 2, "bfs": 12, "frontier": 13.5, "latest": 13.5, "survey": 6})
    both = {arm: one["true_and_informative"]["value"] * one["judged"] for arm, one in by_arm.items()}
    assert both == pytest.approx({"bandit": 0, "bfs": 1.5, "frontier": 6, "latest": 1.5, "survey": 0})
    # Both T 46 times, H 43, F 30, out of 46 and 48, 45 and 47, 34 and 30.
    chance = (46 * 48 + 45 * 47 + 34 * 30) / 125**2
    assert found["kappa"]["truth"] == pytest.approx((119 / 125 - chance) / (1 - chance))
    assert by_arm["frontier"]["per_1000_tokens"]["value"] == pytest.approx(0.24 * 1056 / 95.587)
    assert found["calibration"][""]["auc"] == pytest.approx(0.87, abs=0.005)
    assert "| frontier | 25 | 54 (35 to 72) | 36 | 10 |" in printed("read", tmp_path)


def test_the_page_says_what_the_command_prints() -> None:
    """Every row of the table of judged relations stands in what `read` prints today, cell by cell."""

    def said(sheet: str, *more: str) -> str:
        program = [sys.executable, "benchmarks/knowledge.py", "read", f"data/judgements/{sheet}", *more]
        return str(finished(program, text=True, capture_output=True, check=True, cwd=ROOT).stdout)

    topics, arms = "impact,medieval,spider", "impact-random,medieval-random,spider-random"
    before = said("eleventh", "--ratio", topics, "impact-before,medieval-before,spider-before")
    sheets = "twelfth", "eighth", "tenth", "third-chance"
    printed, chance, later, earlier = (said(sheet, "--ratio", topics, arms) for sheet in sheets)
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    section = page.partition("## What is true")[2].partition("\n## ")[0]
    rows = [row.strip("| ").split(" | ") for row in section.splitlines() if row.startswith("| ") and "---" not in row]
    assert len(rows) == 9
    cells = {row.split(" | ")[0]: row.strip("| ").split(" | ") for row in printed.splitlines() if row.startswith("| ")}
    for row in rows[1:]:
        found = dict(zip(cells["| arm"], cells[f"| {row[0]}"], strict=True))
        assert row == [found[name] for name in rows[0]]
    ratios = {
        printed: "2.1 (1.8 to 2.4)",
        before: "1.2 (1.0 to 1.3)",
        chance: "1.4 (1.2 to 1.7)",
        later: "2.5 (2.0 to 3.3)",
        earlier: "2.0 (1.5 to 2.6)",
    }
    for text, ratio in ratios.items():
        assert f"{ratio} times as much" in text
        assert ratio.partition("(")[2].strip(")") in section
    assert "the default has 2.1 times as much" in " ".join(section.split())
    assert "| 0.72 | 360 | 79 |\n| 0.87 | 237 | 91 |" in printed
