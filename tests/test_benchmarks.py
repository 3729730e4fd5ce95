"""The figures in docs/benchmarks.md that can be worked out again from what is kept in data/."""

import json
import os
import random
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

import graphgrow
from tests.conftest import DEMO, ROOT
from tests.shown import ran

sys.path.insert(0, str(ROOT / "benchmarks"))  # scripts, no package

import figures
import policies
import scale
import standings
from live import Entry, Events

BENCHMARKS = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")


def test_the_recorded_run_is_as_the_benchmarks_say(tmp_path: Path) -> None:
    """The table of results says what `measure` says of the replayed run."""
    assert ran(f"graphgrow replay {DEMO} --store demo.db", tmp_path, dict(os.environ)).returncode == 0
    row = json.loads(ran("graphgrow measure demo.db --json", tmp_path, dict(os.environ)).stdout)
    section = BENCHMARKS.partition("\n## The recorded run\n")[2].partition("\n## Policies\n")[0]
    shown = dict(re.findall(r"^\| (\w+) \| ([-\d.]+) \|", section, re.MULTILINE))
    assert len(shown) >= 8
    for name, value in shown.items():
        digits = len(value.partition(".")[2])
        assert round(row[name], digits) == float(value), name


def test_pages_say_of_the_recorded_run_what_show_says(tmp_path: Path) -> None:
    """README, docs and the run's own page have its figures as `graphgrow show` prints them."""
    with graphgrow.open(DEMO) as graph:
        sure = graph.trusted()
        drawn = random.Random(0).sample(list(sure.index), 20)
        rows = [sure.loc[at] for at in drawn]
    assert ran(f"graphgrow replay {DEMO} --store demo.db", tmp_path, dict(os.environ)).returncode == 0
    show = json.loads(ran("graphgrow show demo.db --json", tmp_path, dict(os.environ)).stdout)
    (checks,) = (bill["tokens"] for bill in show["bills"] if bill["role"] == "check")
    told = {
        "README.md": ("{steps} questions", "{concepts} concepts", "{relations} relations", "{trusted} of them"),
        "docs/tutorial.md": ("{steps} questions",),
        "docs/howto/trust.md": ("{trusted} of {relations} relations are trusted",),
        "docs/howto/think.md": ("{trusted} of {relations} relations are trusted",),
        "docs/benchmarks.md": ("{steps} questions", "{trusted} relations", "{tokens:,} tokens", "{checks:,} of them"),
        "data/runs/README.md": (
            *("{steps} questions", "{concepts} concepts", "{relations} relations", "{tokens:,} tokens"),
            *("{checks:,} of them", "{trusted} relations about"),
            *(f"- {one['source']} *{one['predicate']}* {one['target']}" for one in rows),
        ),
    }
    for page, sentences in told.items():
        text = " ".join((ROOT / page).read_text(encoding="utf-8").split())
        for sentence in sentences:
            assert sentence.format(**show | {"checks": checks}) in text, (page, sentence)


def test_the_readme_begins_with_what_was_judged_true() -> None:
    """Its first figures are those of the first table of benchmarks: true, and true and informative, by topic."""
    rows = re.findall(r"^\| (impact|medieval|spider) \| \d+ \| (\d+) [^|]*\| \d+ \| (\d+) ", BENCHMARKS, re.MULTILINE)
    topics, true, informative = zip(*rows[:3], strict=True)
    assert topics == ("impact", "medieval", "spider")
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    (said,) = re.findall(r"parameters, (\d+), (\d+) and (\d+) % are true, and (\d+), (\d+) and (\d+) % true and", text)
    assert said == true + informative
    assert text.index(" % are true") < text.index("## Start")


def rows_about_policies(text: str) -> Iterator[dict[str, str]]:
    """Yield each row of the Markdown tables about policies by the headings of its columns."""
    for found in re.findall(r"^\| policy .*\n(?:\|.*\n)+", text, re.MULTILINE):
        headings, _, *lines = ([cell.strip() for cell in line.split("|")[1:-1]] for line in found.splitlines())
        yield from (dict(zip(headings, line, strict=True)) for line in lines)


@pytest.mark.local
def test_benchmarks_say_of_the_policies_what_the_program_prints(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every row of the tables about runs of the model is one that `benchmarks/policies.py --table` prints."""
    shown = BENCHMARKS.partition("On the embedded model")[2].partition("\n## Names")[0]
    load, loaded = standings.load, dict[object, tuple[dict[Entry, Events], list[str]]]()

    def load_once(entries: Iterable[Entry], folder: Path, questions: int) -> tuple[dict[Entry, Events], list[str]]:
        """Return what another of the commands has read already: to replay the runs is most of the work."""
        chosen = tuple(entries)
        if (chosen, folder, questions) not in loaded:
            loaded[chosen, folder, questions] = load(chosen, folder, questions)
        return loaded[chosen, folder, questions]

    monkeypatch.setattr(standings, "load", load_once)
    monkeypatch.setattr(figures, "cosines", cache(figures.cosines))
    monkeypatch.chdir(ROOT)
    printed = list[dict[str, str]]()
    for words in re.findall(r"`python\s+benchmarks/policies\.py\s+(--table[^`]*)`", shown):
        monkeypatch.setattr(sys, "argv", ["policies.py", *words.split()])
        policies.main()
        printed += rows_about_policies(capsys.readouterr().out)
    told = list(rows_about_policies(shown))
    assert len(told) >= 3
    for row in told:
        assert any(row.items() <= other.items() for other in printed), row


def test_what_size_costs_is_measured_on_a_graph_that_verifies(tmp_path: Path) -> None:
    """A small world is built as large as asked for, grows, and is what its log says; a cap on names loses nothing."""
    path = tmp_path / "scale-400.db"
    built, grown = scale.build(path, 400, 1200), scale.grow(path, 3)
    assert built["relations"] > 1100
    assert grown["median ms"] > 0
    scale.check(path)
    found = scale.recall(400, 1200, 40)
    assert found["merges"] > 5
    assert found["of them merge"] == found["of them review"] == 1.0
