"""The command line as people use it: its output, exit code and files; as a process where signals and imports count."""

import json
import os
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import ExitStack, chdir, closing, redirect_stderr, redirect_stdout
from dataclasses import replace
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from graphgrow.cli import command_line, main
from graphgrow.cli.arguments import TOGETHER
from graphgrow.graph.events import read_events, write_events
from graphgrow.graph.model import Budget, Expansion
from graphgrow.growth.loop import grow
from graphgrow.llm.scripted import Scripted
from graphgrow.stores.memory import MemoryStore
from graphgrow.stores.sqlite import SQLiteStore
from tests.conftest import ROOT, chatter, triples
from tests.processes import LONGEST, finished, heard, started, stopped
from tests.servers import Answer, completion, in_order, serving, waited_for

ZACHARY_NODES, ZACHARY_EDGES = 34, 78


def graphgrow(
    *words: str, cwd: Path, env: dict[str, str] | None = None, code: int = 0, answers: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, without keys or addresses of the environment; its exit code must be `code`.

    `answers` is what a person types. It runs in this process, which saves the second that a start takes.
    """
    out, err = (TextIOWrapper(BytesIO(), encoding="utf-8") for _ in range(2))
    status: object = 0
    with chdir(cwd), redirect_stdout(out), redirect_stderr(err), pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("OPENAI_")]:
            patch.delenv(name)
        for name, value in {"COLUMNS": "200", **(env or {})}.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["graphgrow", *words])
        patch.setattr(sys, "stdin", StringIO(answers))
        try:
            main()
        except SystemExit as end:
            status = end.code or 0
    out.seek(0)
    err.seek(0)
    done = subprocess.CompletedProcess(words, status if isinstance(status, int) else 1, out.read(), err.read())
    assert done.returncode == code, f"{words}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def run_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run file of six steps, one of them unusable and mended."""
    store = MemoryStore()
    replies = [*chatter(3), "no idea", *chatter(9)[3:]]
    list(grow("spider silk", store, Scripted(replies), policy="bandit", budget=Budget(steps=6)))
    path = tmp_path_factory.mktemp("run") / "run.jsonl.gz"
    write_events(path, store.events())
    return path


def test_recorded_run_grows_the_same_graph_and_stops_where_it_ends(run_file: Path, tmp_path: Path) -> None:
    """`--llm recorded:` asks the same questions and gets the same replies; the graph equals the replayed one."""
    graphgrow(
        "grow", "spider silk", "--llm", f"recorded:{run_file}", "--policy", "bandit", "--steps", "6", cwd=tmp_path
    )
    graphgrow("replay", str(run_file), "--store", "again.db", cwd=tmp_path)
    grown, again = (json.loads(graphgrow("show", db, "--json", cwd=tmp_path).stdout) for db in ("graph.db", "again.db"))
    assert grown == again
    assert grown["steps"] == 6


def test_grow_json_is_one_line_an_event(run_file: Path, tmp_path: Path) -> None:
    """`grow --json` and `log --json` print the same lines, with what DESIGN promises in each."""
    args = ("grow", "spider silk", "--llm", f"recorded:{run_file}", "--policy", "bandit", "--steps", "6", "--json")
    lines = [json.loads(line) for line in graphgrow(*args, cwd=tmp_path).stdout.splitlines()]
    logged = [json.loads(line) for line in graphgrow("log", "graph.db", "--json", cwd=tmp_path).stdout.splitlines()]
    assert lines == logged
    assert {"seq", "kind", "outcome", "strategy", "reason", "tokens", "usd", "added"} <= set(lines[0])
    assert [line["outcome"] for line in lines].count("unusable") == 1


def test_log_tells_an_event_in_two_lines(run_file: Path, tmp_path: Path) -> None:
    """What was asked, how it went, what it cost and brought stand on one line, why on the next; --last is the end."""
    graphgrow("replay", str(run_file), "--store", "g.db", cwd=tmp_path)
    graphgrow("reject", "g.db", "protein 1", "--reason", "too vague", cwd=tmp_path)
    whole = graphgrow("log", "g.db", cwd=tmp_path).stdout.splitlines()
    assert whole[0].split() == "1 seed spider silk (general): ok, 372 tokens, +3 concepts, +2 relations".split()
    assert whole[1].strip() == "the graph is empty: open up the topic"
    assert whole[-2].split()[:4] == ["8", "by", "hand", "reject"]
    assert whole[-1].strip() == "too vague"
    newest = graphgrow("log", "g.db", "--last", "2", cwd=tmp_path).stdout.splitlines()
    assert newest == whole[-len(newest) :]
    assert [line.split()[0] for line in newest if not line.startswith(" " * 6)] == ["7", "8"]
    numbers = [
        json.loads(line)["seq"]
        for line in graphgrow("log", "g.db", "--last", "3", "--json", cwd=tmp_path).stdout.splitlines()
    ]
    assert numbers == [6, 7, 8]
    assert "--last" in graphgrow("log", "g.db", "--last", "0", cwd=tmp_path, code=2).stderr


def test_show_log_verify_and_measure_read_a_store(run_file: Path, tmp_path: Path) -> None:
    """The reading commands name the concepts, the questions and the metrics, for people and as JSON."""
    graphgrow("replay", str(run_file), "--store", "g.db", cwd=tmp_path)
    shown = graphgrow("show", "g.db", cwd=tmp_path).stdout
    assert "spider silk" in shown
    assert "USD" not in shown  # of this model no price is known
    assert "protein 1" in graphgrow("show", "g.db", "Spider Silks", cwd=tmp_path).stdout
    assert "There is no JSON" in graphgrow("log", "g.db", cwd=tmp_path).stdout
    assert graphgrow("verify", "g.db", cwd=tmp_path).stdout.startswith("equal: 7 steps")
    assert json.loads(graphgrow("verify", "g.db", "--json", cwd=tmp_path).stdout)["equal"] is True
    table = json.loads(graphgrow("measure", "g.db", "--json", cwd=tmp_path).stdout)
    early = json.loads(graphgrow("measure", "g.db", "--at", "1", "--json", cwd=tmp_path).stdout)
    assert (early["nodes"], table["components"]) == (3, 1)
    rows = json.loads(graphgrow("measure", "g.db", "--every", "3", "--json", cwd=tmp_path).stdout)
    assert [row["seq"] for row in rows] == [3, 6, 7]
    assert rows[-1]["nodes"] == table["nodes"]
    assert "average_path_length" in graphgrow("measure", "g.db", cwd=tmp_path).stdout


def test_verify_reports_a_difference_with_exit_code_1(run_file: Path, tmp_path: Path) -> None:
    """A projection that was tampered with is named and ends in a non-zero exit code."""
    graphgrow("replay", str(run_file), "--store", "g.db", cwd=tmp_path)
    with closing(sqlite3.connect(tmp_path / "g.db")) as db, db:
        db.execute("UPDATE concept SET name = 'other' WHERE key = 'protein 1'")
    assert "protein 1" in graphgrow("verify", "g.db", cwd=tmp_path, code=1).stdout


@pytest.mark.parametrize("ending", ["graphml", "json", "csv"])
def test_export_and_import_give_the_graph_back(ending: str, run_file: Path, tmp_path: Path) -> None:
    """What is exported can be imported into a new store and measured to the same panel."""
    graphgrow("replay", str(run_file), "--store", "g.db", cwd=tmp_path)
    graphgrow("export", "g.db", f"out.{ending}", cwd=tmp_path)
    graphgrow("import", f"out.{ending}", "again.db", cwd=tmp_path)
    panels = [
        graphgrow("measure", what, "--json", cwd=tmp_path).stdout for what in ("g.db", "again.db", f"out.{ending}")
    ]
    assert panels[0] == panels[1] == panels[2]
    graphgrow("verify", "again.db", cwd=tmp_path)


def test_measure_of_zachary_prints_the_published_values(tmp_path: Path) -> None:
    """`measure` on a GraphML file of somebody else's agrees with KONECT on the karate club."""
    import networkx as nx

    nx.write_graphml(nx.karate_club_graph(), tmp_path / "zachary.graphml")
    table = json.loads(graphgrow("measure", "zachary.graphml", "--json", cwd=tmp_path).stdout)
    assert (table["nodes"], table["simple_edges"], table["triangles"], table["diameter"]) == (34, 78, 45, 5)
    assert round(table["transitivity"], 6) == 0.255682
    assert round(table["degree_assortativity"], 6) == -0.475613
    assert round(table["average_path_length"], 4) == 2.4082


def test_replay_of_foreign_lines_reads_a_field(tmp_path: Path) -> None:
    """Any JSON lines with a reply in a field become a graph; empty and broken replies are reported as such."""
    replies = [chatter(1)[0], "[]", "no idea", triples(("silk", "contains", "fibroin"))]
    lines = [json.dumps({"q": "silk?", "raw": reply}) for reply in replies]
    (tmp_path / "foreign.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    args = ("replay", "foreign.jsonl", "--field", "raw", "--question-field", "q", "--store", "g.db", "--json")
    done = json.loads(graphgrow(*args, cwd=tmp_path).stdout)
    assert done["outcomes"] == {"ok": 2, "empty": 1, "unusable": 1}
    assert done["concepts"] == 5


def test_endpoint_is_used_and_its_key_shown_nowhere(tmp_path: Path) -> None:
    """With an address and a key of the environment `grow` asks that endpoint; no output or file holds the key."""
    key = "sk-secret-4711"
    with serving(in_order(*[Answer(completion(text)) for text in chatter(4)])) as server:
        env = {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": key}
        done = graphgrow("grow", "spider silk", "--llm", "some-model", "--steps", "3", cwd=tmp_path, env=env)
    assert "spider silk" in done.stdout
    assert key not in done.stdout + done.stderr
    assert key.encode() not in b"".join(p.read_bytes() for p in tmp_path.iterdir() if p.is_file())


def test_dry_run_shows_the_prompt_and_asks_nothing(run_file: Path, tmp_path: Path) -> None:
    """`--dry-run` prints the first prompt and an estimate, leaves no file, and costs nothing."""
    done = graphgrow(
        "grow", "medieval trade", "--llm", f"recorded:{run_file}", "--steps", "50", "--dry-run", cwd=tmp_path
    )
    assert "medieval trade" in done.stdout
    assert "50 steps would take about" in done.stdout
    assert not (tmp_path / "graph.db").exists()


def test_budget_that_ends_a_run_early_is_exit_code_3(run_file: Path, tmp_path: Path) -> None:
    """Tokens used up before the steps are done: exit code 3 and a sentence that says which budget it was."""
    run = "--llm", f"recorded:{run_file}", "--policy", "bandit"
    args = ("grow", "spider silk", *run, "--steps", "6", "--tokens", "100")
    assert "token budget is spent" in graphgrow(*args, cwd=tmp_path, code=3).stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_who_asks_a_run_to_end_loses_nothing_that_was_paid_for(number: int, tmp_path: Path) -> None:
    """Ctrl-C, SIGTERM or SIGHUP lets the questions under way finish, saves them and exits with 130."""
    replies = in_order(*[Answer(completion(text), delay=0.5) for text in chatter(400)])
    with ExitStack() as stack, serving(replies) as server:
        env = {k: v for k, v in os.environ.items() if not k.startswith("OPENAI_")} | {"OPENAI_API_KEY": "x"}
        words = ["grow", "spider silk", "--base-url", server.base_url, "--llm", "m", "--store", "g.db"]
        words += ["--steps", "400", "--width", "4", "--fact-check", "0"]
        null = subprocess.DEVNULL
        command = [sys.executable, "-m", "graphgrow", *words]
        before = signal.signal(number, signal.SIG_DFL)  # what is ignored, as SIGHUP by nohup, is so in a child too
        stack.callback(signal.signal, number, before)
        with started(command, LONGEST, cwd=tmp_path, env=env, stderr=null, stdout=null) as child:
            assert waited_for(lambda: len(server.chats) >= 7)
            child.send_signal(number)  # of a terminal that is closed two tell
            assert stopped(child, number) == 130
        asked = len(server.chats)
    logged = graphgrow("log", "g.db", "--json", cwd=tmp_path).stdout.splitlines()
    assert len(logged) == asked
    graphgrow("verify", "g.db", cwd=tmp_path)


def test_the_second_ctrl_c_ends_at_once(tmp_path: Path) -> None:
    """While a reply takes its time the first one says that it waits, the second one does not."""
    with serving(in_order(Answer(completion("late"), delay=600.0))) as server:
        words = ("grow", "silk", "--base-url", server.base_url, "--llm", "m", "--steps", "3", "--store", "g.db")
        env = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")}
        command = [sys.executable, "-m", "graphgrow", *words]
        with started(command, LONGEST, cwd=tmp_path, stderr=subprocess.PIPE, text=True, env=env) as child:
            assert waited_for(lambda: server.chats)
            child.send_signal(signal.SIGINT)
            heard(child, "Ctrl-C again ends at once", errors=True)
            time.sleep(TOGETHER)
            assert stopped(child, signal.SIGINT) == 130  # long before the reply


def write(path: Path, text: str) -> str:
    """Write a file of bad input and return its name."""
    path.write_text(text, encoding="utf-8")
    return path.name


def test_measure_takes_the_nodes_of_a_foreign_file_as_they_are(tmp_path: Path) -> None:
    """Nodes that share a label, or whose ids differ in case only, are measured as the nodes they are."""
    import networkx as nx

    graph = nx.path_graph(["A", "a", "B", "b", "C"])
    nx.set_node_attributes(graph, dict.fromkeys(graph, "Person"), "label")
    nx.write_graphml(graph, tmp_path / "people.graphml")
    row = json.loads(graphgrow("measure", "people.graphml", "--json", cwd=tmp_path).stdout)
    assert (row["nodes"], row["simple_edges"], row["self_loops"]) == (5, 4, 0)


def test_terminal_escapes_in_a_run_file_are_not_obeyed(run_file: Path, tmp_path: Path) -> None:
    """Control characters in reasons and names of somebody's run file never reach the terminal."""
    events = [
        replace(e, focus=replace(e.focus, reason="\x1b[2J\x1b[31mevil"))
        for e in read_events(run_file)
        if isinstance(e, Expansion)
    ]
    write_events(tmp_path / "evil.jsonl", events)
    graphgrow("replay", "evil.jsonl", "--store", "evil.db", cwd=tmp_path)
    for words in (["log", "evil.db"], ["show", "evil.db"]):
        assert "\x1b" not in graphgrow(*words, cwd=tmp_path).stdout


def test_damaged_log_is_one_sentence(run_file: Path, tmp_path: Path) -> None:
    """A log with a hole is reported as damaged by every command that reads it."""
    graphgrow("replay", str(run_file), "--store", "g.db", cwd=tmp_path)
    with closing(sqlite3.connect(tmp_path / "g.db")) as db, db:
        db.execute("DELETE FROM event WHERE seq = 3")
    for command in ("show", "verify", "measure"):
        assert "damaged" in graphgrow(command, "g.db", cwd=tmp_path, code=1).stderr


def test_half_an_emoji_in_a_recorded_reply_is_stored(tmp_path: Path) -> None:
    """A lone surrogate, as JSON cut in half holds them, becomes a sign that a file can hold."""
    (tmp_path / "cut.jsonl").write_text('{"r": "\\ud83d no json"}\n', encoding="utf-8")
    graphgrow("replay", "cut.jsonl", "--field", "r", "--store", "g.db", cwd=tmp_path)
    assert graphgrow("verify", "g.db", cwd=tmp_path).stdout.startswith("equal: 1 step,")


BAD = {
    "store as the export's target": ("export store.json store.json", 1, "the store itself"),
    "folder as a store": ("show .", 1, "is a folder"),
    "event that is not there": ("measure good.db --at 99", 1, "there is no step 99"),
    "graph file without a graph": ("import empty.json new.db", 1, "is no node-link graph"),
    "empty file as a store": ("show empty.db", 1, "empty.db is empty"),
    "file that is no database": ("show junk.db", 1, "no SQLite database"),
    "grow into no database": ("grow silk --llm recorded:run.jsonl.gz --store junk.db", 1, "no SQLite database"),
    "broken GraphML": ("measure junk.graphml", 1, "no graph that can be read"),
    "GraphML of another kind": ("import other.graphml g2.db", 1, "no graph that can be read"),
    "line that is not JSON": ("replay junk.jsonl --store new.db", 1, "line 1"),
    "second line broken": ("replay half.jsonl --store new.db", 1, "half.jsonl line 2"),
    "foreign line that is not JSON": ("replay junk.jsonl --field raw --store new.db", 1, "line 1 is not JSON"),
    "field that is not there": ("replay foreign.jsonl --field nope --store new.db", 1, "field 'nope'"),
    "truncated gzip": ("replay cut.jsonl.gz --store new.db", 1, "cut.jsonl.gz"),
    "unknown store scheme": ("show redis://localhost", 1, "unknown store"),
    "missing store": ("show missing.db", 1, "there is no graph at missing.db"),
    "missing run file": ("replay missing.jsonl --store new.db", 1, "no file missing.jsonl"),
    "unwritable folder": ("grow silk --llm recorded:run.jsonl.gz --store nowhere/new.db", 1, "cannot write into"),
    "folder that is not there for an export": ("export good.db nowhere/out.json", 1, "cannot write"),
    "export format": ("export good.db out.xyz", 1, "ends in"),
    "empty topic": ("grow  --llm recorded:run.jsonl.gz", 1, "names nothing"),
    "negative steps": ("grow silk --steps -3", 2, "'--steps'"),
    "unknown policy": ("grow silk --policy clever", 1, "unknown policy 'clever'"),
    "refused connection": ("grow silk --base-url http://127.0.0.1:9/v1 --llm m", 1, "127.0.0.1:9"),
    "address that is none": ("grow silk --base-url nonsense --llm m", 1, "nonsense"),
    "missing model file": ("grow silk --llm missing.gguf", 1, "missing.gguf"),
    "model file that is none": ("grow silk --llm junk.gguf", 1, "junk.gguf"),
    "unknown concept": ("show good.db unobtainium", 1, "no concept 'unobtainium'"),
    "misspelt concept": ("show good.db 'spider slik'", 1, "did you mean 'spider silk'"),
    "another topic": ("grow baroque --llm recorded:run.jsonl.gz --store good.db", 1, "'spider silk'"),
    "store that holds a graph": ("replay foreign.jsonl --field raw --store good.db", 1, "holds another graph"),
    "unknown command": ("growl", 2, "growl"),
    "weights without a sum": (
        "grow silk --llm recorded:run.jsonl.gz --policy frontier=1e308,gap=1e308",
        1,
        "a million",
    ),
    "last of more than there can be": ("log good.db --last 99999999999999999999", 2, "'--last'"),
    "fork at no event": ("fork good.db new.db --at 99999999999999999999", 2, "'--at'"),
    "snapshots too far apart": ("measure good.db --every 99999999999999999999", 2, "'--every'"),
    "comparison too far apart": ("compare good.db good.db --every 99999999999999999999", 2, "'--every'"),
    "a moment and many": ("measure good.db --at 3 --every 1", 1, "--at is one moment"),
    "history of a graph file": ("measure other.graphml --every 1", 1, "has no history"),
    "copy into nothing": ("copy good.db memory:", 1, "memory: is gone"),
    "fork into nothing": ("fork good.db memory: --at 2", 1, "memory: is gone"),
    "import into nothing": ("import good.graphml memory:", 1, "memory: is gone"),
    "empty run file": ("replay empty.jsonl --store new.db", 1, "nothing to replay"),
    "endless topic": (f"grow {'x' * 1001} --llm recorded:run.jsonl.gz", 1, "1,000 are the most"),
}


@pytest.fixture(scope="module")
def bad_inputs(run_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a good graph and run, and with files that are neither."""
    folder = tmp_path_factory.mktemp("bad")
    shutil.copy(run_file, folder)
    graphgrow("replay", str(run_file), "--store", "good.db", cwd=folder)
    write(folder / "junk.db", "this is no database, only text " * 50)
    write(folder / "junk.graphml", "<graphml><node")
    write(folder / "other.graphml", "<html><body>not a graph</body></html>")
    write(folder / "junk.gguf", "no model")
    write(folder / "junk.jsonl", "this is not JSON\n")
    write(folder / "foreign.jsonl", '{"raw": "[]"}\n')
    write(folder / "empty.json", "{}")
    write(folder / "empty.db", "")
    write(folder / "empty.jsonl", "")
    graphgrow("export", "good.db", "good.graphml", cwd=folder)
    graphgrow("replay", str(run_file), "--store", "store.json", cwd=folder)
    write_events(folder / "half.jsonl", [next(read_events(run_file))])
    with (folder / "half.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"seq": 2\n')
    (folder / "cut.jsonl.gz").write_bytes(run_file.read_bytes()[:-40])
    return folder


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_sentence_and_leaves_nothing(case: str, bad_inputs: Path, tmp_path: Path) -> None:
    """Each mistake ends in a non-zero exit code and one line that names it; no file appears or changes."""
    words, code, sentence = BAD[case]
    folder = Path(shutil.copytree(bad_inputs, tmp_path / "bad"))
    before = {p.name: p.read_bytes() for p in folder.iterdir() if not p.name.endswith(("-wal", "-shm"))}
    arguments = ["grow", "", *words.split()[1:]] if case == "empty topic" else shlex.split(words)
    done = graphgrow(*arguments, cwd=folder, code=code)
    assert sentence in done.stderr
    assert code == 2 or len([line for line in done.stderr.splitlines() if line.startswith("graphgrow:")]) == 1
    after = {p.name: p.read_bytes() for p in folder.iterdir() if not p.name.endswith(("-wal", "-shm"))}
    assert after == before


def test_a_command_alone_is_the_one_of_the_whole_command_line() -> None:
    """Named first it is made without the others, and takes and says the same; what is no command has all of them."""
    whole = get_command(command_line()).commands  # type: ignore[attr-defined]  # of a group
    assert len(whole) > 40
    for name, command in whole.items():
        (found,) = get_command(command_line((name, "x.db"))).commands.items()  # type: ignore[attr-defined]
        assert found[0] == name
        assert said(found[1]) == said(command)
    for words in ((), ("--help",), ("shw",)):
        assert get_command(command_line(words)).commands.keys() == whole.keys()  # type: ignore[attr-defined]


def said(command: Any) -> list[Any]:
    """Return what a command is told by, and what it says of itself."""
    rows = [(one.name, one.opts, one.required, one.default, getattr(one, "help", "")) for one in command.params]
    return [command.help, rows, [said(one) for one in getattr(command, "commands", {}).values()]]


def test_help_is_instant_and_imports_nothing_heavy() -> None:
    """`--help` loads neither the LLM client nor numpy, pandas, igraph, streamlit or neo4j."""
    code = (
        "import sys; import graphgrow.cli; graphgrow.cli.command_line(); "
        "heavy = 'numpy rapidfuzz openai pandas igraph streamlit neo4j networkx powerlaw json_repair'.split(); "
        "sys.exit(' '.join(set(heavy) & set(sys.modules)) or None)"
    )
    done = finished([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stderr.strip() == ""
    assert done.returncode == 0


def test_a_command_measures_without_the_library_that_draws(run_file: Path, tmp_path: Path) -> None:
    """Paths need igraph, and nobody needs matplotlib, which it looks for to draw."""
    graphgrow("replay", str(run_file), "--store", "g.db", cwd=tmp_path)
    names = [
        concept["name"] for concept in json.loads(graphgrow("show", "g.db", "--json", cwd=tmp_path).stdout)["hubs"]
    ]
    ask = f"sys.argv = ['graphgrow', 'path', 'g.db', {names[0]!r}, {names[1]!r}]; main()"
    look = "print('igraph' in sys.modules, 'matplotlib' in sys.modules)"
    code = f"import sys; from graphgrow.cli import main\ntry: {ask}\nexcept SystemExit: {look}"
    done = finished([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "True False"


def test_models_says_what_to_type(tmp_path: Path) -> None:
    """`models` names the local model with its licence and the line to type."""
    offers = json.loads(graphgrow("models", "--json", cwd=tmp_path).stdout)
    local = offers[0]
    assert "qwen2.5-coder-1.5b" in local["name"].lower()
    assert "Apache-2.0" in local["licence"]
    assert "graphgrow grow" in graphgrow("models", cwd=tmp_path).stdout


def test_an_import_that_was_broken_off_goes_on(tmp_path: Path) -> None:
    """The first events of an import are its beginning; the same command brings the rest and nothing twice."""
    rows = "".join(f"c{i},is,c{i + 1}\n" for i in range(2500))
    (tmp_path / "g.json").write_text(json.dumps({
        "nodes": [{"id": f"c{i}"} for i in range(2501)],
        "links": [dict(zip(("source", "predicate", "target"), row.split(","), strict=True)) for row in rows.split()],
    }))  # fmt: skip
    graphgrow("import", "g.json", "whole.db", cwd=tmp_path)
    with (
        closing(SQLiteStore(tmp_path / "whole.db")) as whole,
        closing(SQLiteStore(tmp_path / "part.db", create=True)) as part,
    ):
        events = list(whole.events())
        assert len(events) > 3
        part.append(*events[:2])
    graphgrow("import", "g.json", "part.db", cwd=tmp_path)
    assert graphgrow("verify", "part.db", cwd=tmp_path).stdout.startswith(f"equal: {len(events)} steps, 2501 concepts")
