"""Forks of a graph, and what two graphs do not share."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from graphgrow.errors import BadInput
from graphgrow.graph.events import write_events
from graphgrow.graph.model import Budget
from graphgrow.growth.loop import grow
from graphgrow.llm.scripted import Scripted
from graphgrow.stores import open_store
from graphgrow.stores.copying import fork
from tests.cli.test_cli import graphgrow
from tests.conftest import chatter


@pytest.fixture
def silk(tmp_path: Path) -> Path:
    """Return the path of a store of six steps."""
    path = tmp_path / "silk.db"
    with closing(open_store(str(path), create=True)) as store:
        list(grow("spider silk", store, Scripted(chatter(9)), budget=Budget(steps=6)))
    return path


def test_a_fork_is_the_graph_as_it_was_and_goes_its_own_way(silk: Path, tmp_path: Path) -> None:
    """The first four events, byte for byte; then both grow on and neither knows of the other."""
    done = graphgrow("fork", "silk.db", "other.db", "--at", "4", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["events"] == 4
    with closing(open_store(str(silk))) as home, closing(open_store(str(tmp_path / "other.db"))) as other:
        assert list(other.events()) == list(home.events())[:4]
        list(grow("spider silk", other, Scripted(chatter(30)[20:]), budget=Budget(steps=1)))
        assert len(list(home.events())) == 6
        assert len(list(other.events())) == 5
        with pytest.raises(BadInput, match="holds another graph since step 5"):
            fork(home, other, 6)


def test_a_fork_that_was_broken_off_goes_on(silk: Path, tmp_path: Path) -> None:
    """A store that holds the beginning gets the rest; the same again adds nothing."""
    with closing(open_store(str(silk))) as home, closing(open_store("memory:", create=True)) as other:
        assert fork(home, other, 2) == 2
        assert fork(home, other, 5) == 3
        assert fork(home, other, 5) == 0


def test_there_is_no_fork_at_an_event_that_is_not_there(silk: Path, tmp_path: Path) -> None:
    """The error names the event, and no store is left behind."""
    done = graphgrow("fork", "silk.db", "other.db", "--at", "7", cwd=tmp_path, code=1)
    assert "has no step 7" in done.stderr
    assert not (tmp_path / "other.db").exists()


def test_diff_says_what_each_has_and_the_other_has_not(silk: Path, tmp_path: Path) -> None:
    """A rename, a rejection and an addition on one side; counts add up, names are those people read."""
    graphgrow("fork", "silk.db", "other.db", "--at", "6", cwd=tmp_path)
    same = json.loads(graphgrow("diff", "silk.db", "other.db", "--json", cwd=tmp_path).stdout)
    assert [(side["concepts"], side["relations"]) for side in same["only"]] == [([], []), ([], [])]
    graphgrow("reject", "other.db", "sheet 1", cwd=tmp_path)
    graphgrow("add", "other.db", "nacre", "resists", "crack growth", cwd=tmp_path)
    told = json.loads(graphgrow("diff", "silk.db", "other.db", "--json", cwd=tmp_path).stdout)
    ours, theirs = told["only"]
    assert ours["concepts"] == ["sheet 1"]
    assert theirs["concepts"] == ["nacre", "crack growth"]
    assert theirs["relations"] == [{"source": "nacre", "predicate": "resists", "target": "crack growth", "support": 1}]
    assert told["both"]["concepts"] == same["both"]["concepts"] - 1
    text = graphgrow("diff", "silk.db", "other.db", cwd=tmp_path).stdout
    assert "only in other.db: 2 concepts, 1 relation" in text
    assert "sheet 1" in text


def test_diff_takes_stores_run_files_and_graph_files(silk: Path, tmp_path: Path) -> None:
    """The same graph in three forms differs in nothing."""
    with closing(open_store(str(silk))) as store:
        write_events(tmp_path / "run.jsonl.gz", store.events())
    graphgrow("export", "silk.db", "g.ttl", cwd=tmp_path)
    for other in ("run.jsonl.gz", "g.ttl"):
        told = json.loads(graphgrow("diff", "silk.db", other, "--json", cwd=tmp_path).stdout)
        assert [side["concepts"] + side["relations"] for side in told["only"]] == [[], []]
    assert "nothing.db" in graphgrow("diff", "silk.db", "nothing.db", cwd=tmp_path, code=1).stderr
