"""`import` and `export` as people use them, and the line that says how far long work is."""

import json
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from graphgrow.cli import main
from graphgrow.cli.progress import Progress
from graphgrow.graph.model import Delta, Edit
from graphgrow.stores.copying import last_seq
from graphgrow.stores.memory import MemoryStore


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str, str]:
    """Return exit code, result and what else was said."""
    monkeypatch.setattr("sys.argv", ["graphgrow", *arguments])
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0), out.getvalue(), err.getvalue()


def test_import_says_what_it_took_for_what(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The summary, samples and what was left out, for people and as JSON; nothing usable leaves no store behind."""
    monkeypatch.chdir(tmp_path)
    Path("gephi.csv").write_text("Source,Target,Type,Id,Label,Weight\na,b,Directed,0,likes,1.0\n", encoding="utf-8")
    code, out, _ = run(monkeypatch, "import", "gephi.csv", "one.db")
    assert code == 0
    assert out.splitlines() == [
        "read as: source from `Source`; predicate from `Label`; target from `Target`; direction from `Type`",
        "    a | likes | b",
        "left out: `Id`, `Weight`",
        "2 concepts and 1 relation from gephi.csv in one.db",
        "hygiene would take no name out",
        "no possible duplicates among the names",
    ]
    again = run(monkeypatch, "import", "gephi.csv", "one.db")[1].splitlines()
    assert again[-1] == "one.db has all of gephi.csv already: nothing was added"
    read = json.loads(run(monkeypatch, "import", "gephi.csv", "two.db", "--json")[1])
    assert (read["samples"], read["left_out"]) == ([["a", "likes", "b"]], ["left out: `Id`, `Weight`"])

    Path("drugs.csv").write_text("drug,does,symptom,n\naspirin,relieves,headache,1\n", encoding="utf-8")
    code, out, err = run(monkeypatch, "import", "drugs.csv", "three.db")
    assert (code, out, Path("three.db").exists()) == (1, "", False)
    assert "--columns source=NAME" in err
    columns = "source=drug,predicate=does,target=symptom"
    assert (
        "aspirin | relieves | headache" in run(monkeypatch, "import", "drugs.csv", "three.db", "--columns", columns)[1]
    )
    assert run(monkeypatch, "import", "drugs.csv", "four.db", "--columns", "source=")[0] == 1


def test_import_says_what_hygiene_and_comparing_names_would_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By rule with samples, and where to decide what may be one; the names are there all the same."""
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text("s,p,o\nfibre mat,is,durable\nfiber mat,is,brittle\n", encoding="utf-8")
    columns = ("--columns", "source=s,predicate=p,target=o")
    _, out, _ = run(monkeypatch, "import", "t.csv", "g.db", *columns)
    assert out.splitlines()[-4:] == [
        "4 concepts and 2 relations from t.csv in g.db",
        "kept, though hygiene would take 2 names of a reply out: 2 bare adjective",
        "    bare adjective: durable, brittle",
        "1 possible duplicate to decide: see  graphgrow review g.db",
    ]
    Path("t.csv").write_text("s,p,o\nfiber mats,are,heavy\n", encoding="utf-8")
    assert "--append" in run(monkeypatch, "import", "t.csv", "g.db", *columns)[2]
    row = json.loads(run(monkeypatch, "import", "t.csv", "g.db", *columns, "--append", "--json")[1])
    assert (row["concepts"], row["relations"], row["doubts"], row["hygiene"]) == (1, 1, 0, {"bare adjective": 1})


def test_a_type_is_shown_and_what_a_rule_took_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Labels of a reply that are types, names in its properties, and a name that hygiene takes."""
    monkeypatch.chdir(tmp_path)
    nodes = [
        {"id": "0", "label": "Person", "properties": {"name": "Marta Oke"}},
        {"id": "1", "label": "Company", "properties": {"name": "Brightwell Labs"}},
    ]
    links = [
        {"type": "WORKS_FOR", "start_node_id": "0", "end_node_id": "1"},
        {"type": "IS", "start_node_id": "0", "end_node_id": "it"},
    ]
    reply = json.dumps({"nodes": json.dumps(nodes), "relationships": links})
    Path("r.jsonl").write_text(json.dumps({"reply": reply}), encoding="utf-8")
    _, out, _ = run(monkeypatch, "replay", "r.jsonl", "--field", "reply", "--topic", "firms", "--store", "r.db")
    assert "hygiene kept names out 1 time: 1 " in out
    assert "2 concepts and 1 relation" in out
    assert run(monkeypatch, "show", "r.db", "Marta Oke")[1].startswith("Marta Oke (Person)")
    assert json.loads(run(monkeypatch, "show", "r.db", "Marta Oke", "--json")[1])["type"] == "Person"


def test_long_work_says_how_far_it_is_with_rate_and_time_left() -> None:
    """Not before two seconds, then in lines with ten seconds between; a total that nobody knows has no end."""
    seconds = iter(range(1000))
    with redirect_stderr(said := StringIO()):
        assert list(Progress(lambda: float(next(seconds))).over(range(30), "counting", 30)) == list(range(30))
    lines = said.getvalue().splitlines()
    assert lines[0] == "counting: 2 of 30 (6 %), 1 a second, about 28 s left"
    assert [line.split(" of")[0] for line in lines] == ["counting: 2", "counting: 12", "counting: 22"]
    seconds = iter(range(1000))
    with redirect_stderr(said := StringIO()):
        list(Progress(lambda: float(next(seconds))).over(range(5), "counting"))
    assert said.getvalue() == "counting: 2, 1 a second\n"
    with redirect_stderr(said := StringIO()):
        list(Progress(lambda: 0.0).over(range(5), "counting", 5))
        Progress().begin("placing 5,000 concepts")
    assert said.getvalue() == "placing 5,000 concepts ...\n"


@pytest.mark.parametrize("events", [0, 1, 2, 3, 8, 9, 500])
def test_the_last_event_of_a_log_is_found_without_reading_it(events: int) -> None:
    """What is copied has a total, whatever the store."""
    store = MemoryStore()
    if events:
        store.append(*(Edit(seq, "add", Delta()) for seq in range(1, events + 1)))
    assert last_seq(store) == events
