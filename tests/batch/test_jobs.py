"""Jobs files and their runs: refusals line by line, quotas out of the log, reports, hooks, commands, the examples."""

import ast
import json
import os
import shutil
import subprocess
import sys
from contextlib import closing, redirect_stderr, redirect_stdout
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from graphgrow.batch.dispatch import exit_code
from graphgrow.batch.jobs import Jobs, load, parse
from graphgrow.batch.reports import JobReport, code, markdown
from graphgrow.batch.run import JobRun, LocalModels, ModelSpec, perform
from graphgrow.batch.schedule import cron, utc_now
from graphgrow.batch.status import overview
from graphgrow.cli import main
from graphgrow.errors import BadInput, LLMError
from graphgrow.graph.model import Prompt, Reply, Usage
from graphgrow.llm.scripted import Scripted
from graphgrow.stores import open_store
from graphgrow.stores.outbox import state_folder
from tests.batch_runs import Hands, asked, jobs_file, talking, tick, using, utc, working
from tests.conftest import ROOT, chatter, triples
from tests.processes import finished

EXAMPLES = ROOT / "data" / "batch"
JOB = '[[job]]\nname = "silk"\ntopic = "spider silk"\nstore = "silk.db"\n'


def graphgrow(*words: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the command line in a folder, in this process, and return its exit code and what it said."""
    out, err = StringIO(), StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["graphgrow", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
    return subprocess.CompletedProcess(words, int(ended.value.code or 0), out.getvalue(), err.getvalue())


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (f"{JOB}run = {{ steps = 0 }}\n", 5, "run.steps: input should be greater than or equal to 1 (it is 0)"),
        (f"{JOB}widht = 3\n", 5, "widht: there is no such setting, did you mean width?"),
        (f"{JOB}\n[job.day]\n# much\nusd = 'x'\n", 8, "day.usd: input should be a valid number"),
        (f"{JOB}schedule = {{ cron = '61 * * * *' }}\n", 5, "'61' in '61 * * * *' is no minute"),
        (f"{JOB}schedule = {{ every = '6h', cron = '@daily' }}\n", 5, "a schedule is either"),
        (f"{JOB}schedule = {{ every = '6 moons' }}\n", 5, "'6 moons' is no span of time"),
        (f"{JOB}schedule = {{ every = '6h', timezone = 'Mars/Base' }}\n", 5, "there is no time zone 'Mars/Base'"),
        (f"{JOB}command = [\n 'a',\n 3,\n]\n", 5, "command: input should be a valid string (it is 3)"),
        (f"{JOB}{JOB}", 1, "two jobs are called 'silk'"),
        ("[[job]]\nname = 'a'\nstore = 'memory:'\n", 3, "is gone when the run ends"),
        ("[[job]]\nname = 'a b'\nstore = 'a.db'\n", 2, "'a b' cannot be used"),
        ("[[job]]\nname = 'a'\n", 1, "store: this is missing"),
        ("[limits]\nconcurrency = 2\n", 1, "job: this is missing"),
        ("[[job]\n", 1, "this is no TOML"),
        (f"{JOB}policy = 'luck'\n", 5, "luck"),
        (f"{JOB}base_url = 'there'\n", 5, "is no address"),
        (f"[limits]\nlease = '0s'\n{JOB}", 2, "lease must be a second or more"),
    ],
)
def test_what_a_file_cannot_say_is_said_with_its_line(text: str, line: int, said: str, tmp_path: Path) -> None:
    """One problem, one line, one sentence; the error names file and line."""
    found, (problem,) = parse(text)
    assert found is None
    assert problem.line == line
    assert said in problem.text
    with pytest.raises(BadInput, match=rf"jobs\.toml:{line}: "):
        load(jobs_file(tmp_path, text))


@given(st.text(max_size=80), st.text(max_size=40))
def test_law_no_text_breaks_the_reading(one: str, other: str) -> None:
    """Whatever stands in a file, it is jobs or a list of problems with lines that it has."""
    for text in (one, f'{JOB}llm = "{other}"\n', f"{JOB}{one}"):
        found, problems = parse(text)
        assert (found is None) == bool(problems)
        assert all(1 <= problem.line <= text.count("\n") + 2 for problem in problems)


def test_the_schema_is_that_of_the_files(tmp_path: Path) -> None:
    """An editor that knows the schema knows every setting of the example, and spans of time as text."""
    schema = json.loads(graphgrow("batch", "schema", folder=tmp_path).stdout)
    job = schema["$defs"]["Job"]["properties"]
    example = load(EXAMPLES / "jobs.toml")
    assert set(example.job[0].model_dump(exclude_unset=True)) <= set(job)
    assert schema["$defs"]["Limits"]["properties"]["lease"]["type"] == "string"
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("restarts", [False, True])
def test_quotas_hold_over_restarts(tmp_path: Path, restarts: bool) -> None:  # noqa: FBT001  # a parameter
    """A run, a day and a week have their limits whether one process does all or each run a new one, without a state."""
    path = jobs_file(
        tmp_path, f"{JOB}run = {{ steps = 4 }}\nday = {{ steps = 10 }}\nweek = {{ steps = 25 }}\n"
        'schedule = { every = "6h", missed = "all" }\n',
    )  # fmt: skip
    clock, steps = Hands(utc("2026-06-01T00:00")), list[int]()  # a Monday

    def four_a_day(days: int) -> None:
        for _ in range(days * 4):
            clock.go(hours=6)
            with working(path, clock) as dispatcher:
                tick(dispatcher)
                if restarts:  # another machine, or one whose state was lost
                    dispatcher.state.add("silk", clock())
                    dispatcher.drive()
                steps.extend(report.steps for report in dispatcher.ended.values())
            if restarts:
                for file in tmp_path.glob("jobs.state.db*"):
                    file.unlink()

    with working(path, clock) as dispatcher:
        tick(dispatcher)
    four_a_day(6)
    by_day = [
        sum(event.at.startswith(f"2026-06-0{day}") for event in asked(tmp_path / "silk.db")) for day in range(1, 8)
    ]
    assert by_day == [10, 10, 5, 0, 0, 0, 0]
    clock.go(days=1)
    four_a_day(1)
    assert [
        sum(event.at.startswith(day) for event in asked(tmp_path / "silk.db")) for day in ("2026-06-08", "2026-06-09")
    ] == [10, 4]
    assert sum(steps) == len(asked(tmp_path / "silk.db"))


class Dying(Scripted):
    """Talks a while, then the process that asks is as good as dead."""

    def ask(self, prompt: Prompt) -> Reply:
        """Return a reply, or break off."""
        if self._asked == 3:
            raise KeyboardInterrupt
        return super().ask(prompt)


def test_a_run_that_was_broken_off_goes_on_with_what_is_left(tmp_path: Path) -> None:
    """Five steps are five steps, however often the run is begun; done, it is not done again by anybody."""
    path, due = jobs_file(tmp_path, f"{JOB}run = {{ steps = 5 }}\nretries = 0\n"), utc("2026-06-01T02:30")
    jobs = load(path)
    task = JobRun(jobs, jobs.job[0], tmp_path, due, open_model=using(Dying(chatter(30))))
    with pytest.raises(KeyboardInterrupt):
        perform(task)
    assert len(asked(tmp_path / "silk.db")) == 3
    again = perform(JobRun(jobs, jobs.job[0], tmp_path, due, open_model=using(talking)))
    assert (again.outcome, again.steps, again.before) == ("steps", 5, False)
    third = perform(JobRun(jobs, jobs.job[0], tmp_path, due, open_model=using(talking)))
    assert (third.outcome, third.steps, third.before) == ("steps", 5, True)
    assert len(asked(tmp_path / "silk.db")) == 5
    assert not list((state_folder(f"sqlite:{tmp_path / 'silk.db'}") or tmp_path).glob("*/*.json"))


def test_a_graph_that_another_machine_holds_is_left_alone_and_then_taken_over(tmp_path: Path) -> None:
    """A run waits as long as a lease lasts; then it is skipped, or the graph is free and the run is done."""
    path = jobs_file(tmp_path, f'[limits]\nlease = "1s"\n{JOB}run = {{ steps = 1 }}\nschedule = {{ every = "1d" }}\n')
    with closing(open_store(str(tmp_path / "silk.db"), create=True)) as store:
        assert store.lease("batch", "another machine", 1.2)
        with working(path) as dispatcher:
            dispatcher.state.add("silk", utc("2026-06-01T00:00"))
            dispatcher.drive()
            assert [report.outcome for report in dispatcher.ended.values()] == ["steps"]
            assert store.lease("batch", "another machine", 60)
            dispatcher.ended.clear()
            dispatcher.state.add("silk", utc("2026-06-02T00:00"))
            dispatcher.drive()
            assert [report.outcome for report in dispatcher.ended.values()] == ["held"]
            assert exit_code(dispatcher.ended.values()) == 75


class Failing(Scripted):
    """Does not answer at first."""

    def ask(self, prompt: Prompt) -> Reply:
        """Raise the first two times."""
        super().ask(prompt)
        if self._asked <= 2:
            raise LLMError("the endpoint is busy: ask again")
        return Scripted(chatter(self._asked)[-1:]).ask(prompt)


def test_an_endpoint_that_fails_is_asked_again_and_then_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two failures are borne by a run that may go on twice; one that may not says why, and exits with 4."""
    monkeypatch.setattr("graphgrow.batch.run.LONGEST_PAUSE", 0.05)
    for retries, outcome, code_of_exit in ((2, "steps", 0), (0, "error", 4)):
        folder = tmp_path / str(retries)
        folder.mkdir()
        path = jobs_file(folder, f"{JOB}run = {{ steps = 2 }}\nretries = {retries}\n")
        with working(path, utc_now, lambda _: Failing([""] * 30)) as dispatcher:
            dispatcher.state.add("silk", utc("2026-06-01T00:00"))
            dispatcher.drive()
            (report,) = dispatcher.ended.values()
        assert report.outcome == outcome
        assert exit_code([report]) == code_of_exit
    assert report.said == "the endpoint is busy: ask again"


HOSTILE = "](javascript:alert(1)) `rm` <img src=x> www.evil.example @everyone | \n# Title"


@given(st.one_of(st.text(max_size=200), st.just(HOSTILE)))
def test_law_a_name_in_a_report_is_text(name: str) -> None:
    """Whatever a model says stands in one code span on one line."""
    shown = code(name)
    assert "\n" not in shown
    assert shown == "-" or (shown.count("`") == 2 and shown[0] == shown[-1] == "`")


def test_a_report_says_what_grew_and_escapes_what_a_model_said(tmp_path: Path) -> None:
    """Names of hubs, communities and the topic stand in code spans; JSON and Markdown hold the same."""
    said = [triples(("spider silk", "has", f"<b>protein</b> [{n}](x) {word}"), ("spider silk", "is", f"{word} fibre"))
            for n, word in enumerate("alpha beta gamma delta".split())]  # fmt: skip
    path = jobs_file(tmp_path, f'{JOB}run = {{ steps = 4 }}\nreport = "latest.md"\n')
    with working(path, utc_now, lambda _: Scripted(said)) as dispatcher:
        dispatcher.state.add("silk", utc("2026-06-01T00:00"))
        dispatcher.drive()
        (report,) = dispatcher.ended.values()
    text = (tmp_path / "latest.md").read_text()
    assert text == (tmp_path / "reports" / "silk" / "20260601T000000Z.md").read_text() == markdown(report)
    document = json.loads((tmp_path / "latest.json").read_text())
    assert document["new_concepts"] == report.new_concepts == report.concepts > 3
    assert document["new_hubs"][0][0] == "spider silk"
    assert document["new_communities"]
    assert "all steps done" in text


def test_the_command_gets_no_key_and_no_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command is told its job and report, is given what is named and no key; one that fails is in the report."""
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    monkeypatch.setenv("PAGER_URL", "there")
    script = "import os, json, sys; json.dump([dict(os.environ), sys.argv[1:]], open('told.json', 'w')); sys.exit('oh')"
    words = json.dumps([sys.executable, "-c", script, "$HOME; echo x"])
    path = jobs_file(tmp_path, f'{JOB}run = {{ steps = 1 }}\ncommand = {words}\ncommand_env = ["PAGER_URL"]\n')
    with working(path) as dispatcher:
        dispatcher.state.add("silk", utc("2026-06-01T00:00"))
        dispatcher.drive()
        (report,) = dispatcher.ended.values()
    env, arguments = json.loads((tmp_path / "told.json").read_text())
    assert "OPENAI_API_KEY" not in env
    assert env["PAGER_URL"] == "there"
    assert env["GRAPHGROW_OUTCOME"] == "steps"
    assert Path(env["GRAPHGROW_REPORT"]).exists()
    assert arguments == ["$HOME; echo x"]
    assert "ended with 1: oh" in report.hooks[0]


def test_commands(tmp_path: Path) -> None:
    """check, run, status, pause, resume and trigger on the example's made world; exit codes; one JSON document each."""
    text = (
        JOB.replace("spider silk", "impact resistant materials")
        + 'llm = "world:scale-free?size=200"\nrun = { steps = 2 }\n'
    )
    path = jobs_file(tmp_path, f'{text}schedule = {{ cron = "30 2 * * *", timezone = "Europe/Berlin" }}\n')
    assert json.loads(graphgrow("batch", "check", path, "--json", folder=tmp_path).stdout) == {
        "jobs": 1,
        "problems": [],
    }
    assert "Nothing is due" in graphgrow("batch", "run", path, folder=tmp_path).stdout
    words = ("batch", "run", path, "--only", "silk", "--due", "2026-06-01T00:30:00+00:00", "--json")
    first, second = (graphgrow(*words, folder=tmp_path) for _ in range(2))
    assert first.returncode == second.returncode == 0, first.stderr
    (report,) = json.loads(first.stdout)["runs"]
    assert (report["steps"], report["outcome"]) == (2, "steps")
    assert json.loads(second.stdout)["runs"] == [report]
    assert len(asked(tmp_path / "silk.db")) == 2
    assert "paused" in graphgrow("batch", "pause", path, folder=tmp_path).stdout
    (row,) = json.loads(graphgrow("batch", "status", path, "--json", folder=tmp_path).stdout)
    assert (row["paused"], row["last_outcome"], row["next_due"]) == (True, "steps", "")
    graphgrow("batch", "resume", path, "silk", folder=tmp_path)
    (row,) = json.loads(graphgrow("batch", "status", path, "--json", folder=tmp_path).stdout)
    assert row["next_due"].endswith(("00:30:00+00:00", "01:30:00+00:00"))
    assert "as soon as" not in graphgrow("batch", "trigger", path, "silk", folder=tmp_path).stdout
    wrong = graphgrow("batch", "run", path, "--only", "silkk", folder=tmp_path)
    assert wrong.returncode == 1
    assert "there is no job 'silkk' in the file: it has silk" in wrong.stderr
    assert graphgrow("batch", "check", jobs_file(tmp_path, "[[job]]"), folder=tmp_path).returncode == 1


def test_the_example_runs_and_is_listed(tmp_path: Path) -> None:
    """The example is a jobs file; its job that needs no server runs as it stands."""
    shutil.copy(EXAMPLES / "jobs.toml", tmp_path)
    text = (tmp_path / "jobs.toml").read_text().replace('name = "materials"', 'name = "materials"\ntopic = "wool"')
    assert parse(text)[1][0].text.startswith("this is no TOML")  # twice the same key
    done = graphgrow("batch", "run", "jobs.toml", "--only", "materials", "--now", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "ended job=materials" in done.stderr
    assert [one.name for one in overview(tmp_path / "jobs.toml")] == ["silk", "materials"]


def manifest() -> dict[str, Any]:
    """Return the Kubernetes example."""
    found: dict[str, Any] = yaml.safe_load((EXAMPLES / "cronjob.yaml").read_text())
    return found


def test_the_example_for_kubernetes() -> None:
    """A CronJob of batch/v1 with a schedule that there is, mounts that there are, and a command of ours."""
    found = manifest()
    assert (found["apiVersion"], found["kind"]) == ("batch/v1", "CronJob")
    spec = found["spec"]
    cron(spec["schedule"], spec["timeZone"])
    assert spec["concurrencyPolicy"] == "Forbid"
    pod = spec["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["restartPolicy"] == "Never"  # what podFailurePolicy needs
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
    assert "graphgrow batch run /graphs/jobs.toml --only silk --due" in container["args"][0]
    assert finished(["sh", "-nc", container["args"][0]]).returncode == 0
    assert not [value for value in container.get("env", []) if "KEY" in value.get("name", "")]


def test_the_example_for_systemd(tmp_path: Path) -> None:
    """Where systemd is there it finds nothing wrong with timer and service; the exit code for later is no failure."""
    service = (EXAMPLES / "graphgrow-batch.service").read_text()
    assert "SuccessExitStatus=75" in service
    assert "OnCalendar=*:0/10" in (EXAMPLES / "graphgrow-batch.timer").read_text()
    verify = shutil.which("systemd-analyze")
    if verify is None:
        return
    units = [shutil.copy(EXAMPLES / f"graphgrow-batch.{kind}", tmp_path) for kind in ("service", "timer")]
    done = finished([verify, "--user", "verify", *units], capture_output=True, text=True,
                          env=os.environ | {"XDG_RUNTIME_DIR": str(tmp_path)})  # fmt: skip
    assert "graphgrow-batch" not in done.stderr, done.stderr
    calendar = finished([verify, "calendar", "*:0/10"], capture_output=True)
    assert calendar.returncode == 0


def test_the_examples_for_cron_and_airflow() -> None:
    """The crontab line has five fields and our command; the DAG compiles, and names the night it is for."""
    (line,) = [row for row in (EXAMPLES / "crontab").read_text().splitlines() if row and not row.startswith("#")]
    fields, command = line.split(maxsplit=5)[:5], line.split(maxsplit=5)[5]
    assert next(cron(" ".join(fields)).after(utc("2026-01-01T00:01"))) == utc("2026-01-01T00:10")
    assert "graphgrow batch run jobs.toml" in command
    source = (EXAMPLES / "airflow_dag.py").read_text()
    compile(source, "airflow_dag.py", "exec")
    strings = [node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)]
    assert "graphgrow batch run jobs.toml --only silk --due {{ ts }} --json" in strings


def test_a_model_of_this_process_is_opened_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs share the one copy of a local model, which stays open until all are over; others are opened for each run."""
    opened, closed = list[str](), list[str]()

    class Closing(Scripted):
        def close(self) -> None:
            closed.append(self.name)

    def opening(spec: ModelSpec) -> Scripted:
        opened.append(spec.llm)
        return Closing(["hello"], cycle=True, name=spec.llm)

    monkeypatch.setattr(ModelSpec, "open", opening)
    with closing(LocalModels()) as models:
        here, there = ModelSpec("model.gguf", "", 0.8), ModelSpec("m-1", "http://127.0.0.1:1/v1", 0.8)
        with models.open(here):
            pass
        with models.open(here) as second:
            assert second.ask(Prompt("", "hi")).text == "hello"
            assert second.price(Usage(1, 1)) is None
            assert second.name == "model.gguf"
        for _ in range(2):
            with models.open(there):
                pass
        assert closed == ["m-1", "m-1"]
    assert opened == ["model.gguf", "m-1", "m-1"]
    assert closed == ["m-1", "m-1", "model.gguf"]


def test_spans_of_time_and_places() -> None:
    """Spans are read as people write them; other tables of the file are found by name."""
    jobs = Jobs.model_validate({"job": [{"name": "a", "store": "a.db", "schedule": {"every": "1.5h"}}]})
    assert jobs.job[0].schedule
    assert jobs.job[0].schedule.every == timedelta(minutes=90)
    assert ModelSpec("", "", 0.5).gate is None
    assert JobReport("a@1", "a", "", "saturated").is_done
    assert not JobReport("a@1", "a", "", "held").is_done


def test_the_password_of_a_store_is_written_nowhere(tmp_path: Path) -> None:
    """Not into reports, the state, the status, what is printed, or an error, whatever is wrong with the URL."""
    secret = "pa55-w0rd"  # noqa: S105  # of nobody
    for number, url in enumerate((f"neo4j://me:{secret}@127.0.0.1:9?graph=x", f"bolt://me:{secret}/#@127.0.0.1:9")):
        folder = tmp_path / str(number)
        folder.mkdir()
        job = JOB.replace("silk.db", url) + "retries = 0\nllm = 'world:communities'\n"
        path = jobs_file(folder, f"[limits]\npatience = '0s'\n{job}")
        said = [graphgrow("batch", *words, folder=folder) for words in (
            ("run", path, "--now"), ("run", path, "--now", "--json"), ("status", path, "--json"), ("check", path),
        )]  # fmt: skip
        said += [
            graphgrow(*words, folder=folder) for words in (("verify", url), ("compare", url, url), ("diff", url, url))
        ]
        assert said[0].returncode
        for one in said:
            assert secret not in one.stdout + one.stderr
        for file in folder.rglob("*"):
            assert file == path or secret.encode() not in file.read_bytes() if file.is_file() else True
        for state in folder.glob("*.state.db"):
            assert state.stat().st_mode & 0o777 == 0o600
    assert list((tmp_path / "0" / "reports").rglob("*.json"))
    assert secret not in str(JobReport("r", "j", "", "error", said=f"bolt+s://u:{secret}@h: no", store=url))
