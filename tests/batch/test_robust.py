"""Batch where things go wrong: stops during an outage, stores away, hooks that hang, files that are hostile."""

import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

import pytest

from graphgrow.batch.cluster import RateLimiter
from graphgrow.batch.daemon import Daemon
from graphgrow.batch.dispatch import exit_code
from graphgrow.batch.jobs import Job, Jobs, load, parse
from graphgrow.batch.limits import LocalGate
from graphgrow.batch.reports import JobReport, notify
from graphgrow.batch.run import JobRun, open_closing, perform
from graphgrow.batch.status import overview
from graphgrow.errors import LLMError, StoreError
from graphgrow.graph.model import Prompt
from graphgrow.llm.scripted import Scripted
from tests.batch_runs import Hands, asked, jobs_file, talking, tick, using, utc, working
from tests.conftest import ROOT, chatter, triples
from tests.processes import LONGEST, started, stopped
from tests.servers import Answer, Asked, completion, free_port, serving, waited_for

JOB = '[[job]]\nname = "silk"\ntopic = "spider silk"\nstore = "silk.db"\n'
DUE = utc("2026-06-01T02:30")


class Refusing(Scripted):
    """Never answers."""

    def ask(self, prompt: Prompt) -> NoReturn:
        """Raise."""
        raise LLMError("the endpoint is down")


def test_a_run_that_is_stopped_during_an_outage_goes_on_later(tmp_path: Path) -> None:
    """SIGTERM while an endpoint is down is no failure of the run: it waits for the next start."""
    jobs = load(jobs_file(tmp_path, f"{JOB}run = {{ steps = 2 }}\n"))
    asked_to_stop: list[int] = []

    class Stopped(Refusing):
        def ask(self, prompt: Prompt) -> NoReturn:
            asked_to_stop.append(1)
            super().ask(prompt)

    task = JobRun(jobs, jobs.job[0], tmp_path, DUE, open_model=using(Stopped([])), stop=lambda: bool(asked_to_stop))
    assert perform(task).outcome == "interrupted"
    again = perform(JobRun(jobs, jobs.job[0], tmp_path, DUE, open_model=using(talking)))
    assert (again.outcome, again.steps) == ("steps", 2)


def test_the_minutes_of_a_run_go_on_while_it_is_tried_again(tmp_path: Path) -> None:
    """An endpoint that is down for longer than the minutes of a run ends it, and does not renew them."""
    jobs = load(jobs_file(tmp_path, f"{JOB}run = {{ minutes = 0.005 }}\nretries = 3\n"))
    assert perform(JobRun(jobs, jobs.job[0], tmp_path, DUE, open_model=using(Refusing([])))).outcome == "minutes"


def test_a_store_that_is_away_when_a_run_begins_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not answer is tried as often as the job may be, then the report says so."""
    monkeypatch.setattr("graphgrow.batch.run.LONGEST_PAUSE", 0.05)
    monkeypatch.setenv("NEO4J_PASSWORD", "none")
    store = f"bolt://127.0.0.1:{free_port()}?graph=a"
    jobs = Jobs.model_validate({"job": [{"name": "a", "topic": "silk", "store": store, "retries": 1}]})
    began = time.monotonic()
    report = perform(JobRun(jobs, jobs.job[0], tmp_path, DUE, open_model=using(talking)))
    assert report.outcome == "error"
    assert "does not answer" in report.said
    assert time.monotonic() - began > 1


def test_a_question_that_waits_for_its_turn_is_not_sent_after_a_stop() -> None:
    """A gate that would hold a question for a minute lets go as soon as somebody asks to stop."""
    jobs = Jobs.model_validate({"limits": {"endpoint": {"requests_a_minute": 1}}, "job": [{"name": "a", "store": "a"}]})
    gate = LocalGate(jobs)
    with gate.passing("http://there/v1", 5):
        pass
    until = time.monotonic() + 0.2
    with (
        pytest.raises(LLMError, match="asked to stop"),
        replace(gate, stop=lambda: time.monotonic() > until).passing("http://there/v1", 5),
    ):
        pass
    assert time.monotonic() - until < 30


def test_a_second_signal_ends_the_program_at_once(tmp_path: Path) -> None:
    """Whoever asks twice does not wait for an endpoint that never answers."""
    with serving(lambda _: Answer(completion("late"), delay=600)) as endpoint:
        path = jobs_file(tmp_path, f'{JOB}llm = "m-1"\nbase_url = "{endpoint.base_url}"\nrun = {{ steps = 2 }}\n')
        words = [sys.executable, "-m", "graphgrow", "batch", "run", str(path), "--now"]
        with started(words, LONGEST, cwd=ROOT, stderr=subprocess.DEVNULL) as child:
            assert waited_for(lambda: endpoint.chats)
            child.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            assert stopped(child) == -signal.SIGTERM  # long before the answer


def test_a_hook_whose_time_is_up_ends_with_all_that_it_started(tmp_path: Path) -> None:
    """No process is left behind, and one in the background does not hold up a command that has ended."""
    words = ["sh", "-c", "sleep 60 & echo $! > pid; wait"]
    late = Job.model_validate({"name": "a", "store": "a.db", "command": words, "command_seconds": 0.5})
    report = JobReport("a@1", "a", "", "steps")
    assert notify(late, report, tmp_path / "r.md", tmp_path) == "sh was ended after 0.5 s"
    number = int((tmp_path / "pid").read_text())
    assert waited_for(lambda: not is_alive(number))
    began = time.monotonic()
    quick = late.model_copy(update={"command": ("sh", "-c", "sleep 30 & exit 0"), "command_seconds": 60})
    assert notify(quick, report, tmp_path / "r.md", tmp_path) == ""
    assert time.monotonic() - began < 30
    assert "cannot be run" in notify(
        late.model_copy(update={"command": ("a\0b",)}), report, tmp_path / "r.md", tmp_path
    )


def is_alive(number: int) -> bool:
    """Tell whether a process runs; one that is dead and not yet waited for does not."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{JOB}schedule = {{ every = '9999999999999w' }}\n", "too long a span"),
        (f"{JOB}schedule = {{ every = '900000d' }}\n", "too long a span"),
        (f"{JOB}x = {'[' * 5000}\n", "brackets are too deep"),
        (f"{JOB}retries = {'1' * 6000}\n", "a number in it is too long"),
        (f"{JOB}schedule = {{ cron = '{'1' * 6000} * * * *' }}\n", "is no minute"),
        (f"{JOB}without_rule = ['luck']\n", "there is no hygiene rule"),
    ],
    ids=["huge", "long", "deep", "digits", "cron", "rule"],
)
def test_hostile_files_are_refused_in_a_sentence(text: str, said: str) -> None:
    """Numbers and brackets without end are no traceback."""
    found, (problem, *_) = parse(text)
    assert found is None
    assert said in problem.text


def test_a_job_resolves_as_grow_does(tmp_path: Path) -> None:
    """Hygiene rules, a vocabulary, strict predicates and wordings of a job count from where its file is."""
    (tmp_path / "words.toml").write_text('[eats]\nsame = ["devours"]\n')
    reply = triples(("spider silk", "devours", "protein"))

    def done(day: int, more: str) -> JobReport:
        settings = f'run = {{ steps = 1 }}\npredicates = "words.toml"\nstrict_predicates = true\n{more}'
        jobs = load(jobs_file(tmp_path, JOB + settings))
        due = utc(f"2026-06-0{day}T00:00")
        return perform(JobRun(jobs, jobs.job[0], tmp_path, due, open_model=using(Scripted([reply]))))

    assert done(1, "").said == ""
    assert "there is no folder" in done(2, 'prompt_variants = "nowhere"\n').said
    (event,) = asked(tmp_path / "silk.db")
    assert [one.relation.predicate for one in event.delta.relations] == ["eats"]
    assert "eats" in str(event.prompt.schema)


def test_questions_for_vectors_pass_the_gate_too(tmp_path: Path) -> None:
    """An endpoint that embeds is asked no more a minute than it may be, and says what it was billed."""

    def answer(one: Asked) -> Answer:
        if one.path.endswith("/embeddings"):
            names = one.body["input"]
            assert isinstance(names, list)
            rows = [{"index": place, "embedding": [1.0, float(place)]} for place, _ in enumerate(names)]
            return Answer({"data": rows, "usage": {"prompt_tokens": 3, "total_tokens": 3}})
        return Answer(completion(chatter(5)[-1]))

    passed: list[str] = []

    @dataclass(frozen=True)
    class Counting:
        @contextmanager
        def passing(self, base_url: str, _tokens: int) -> Iterator[Callable[[int], None]]:
            passed.append(base_url)
            yield lambda _: None

    with serving(answer) as endpoint:
        path = jobs_file(
            tmp_path,
            f'{JOB}llm = "m-1"\nembeddings = "e-1"\nbase_url = "{endpoint.base_url}"\nrun = {{ steps = 2 }}\n',
        )
        jobs = load(path)
        report = perform(JobRun(jobs, jobs.job[0], tmp_path, DUE, gate=Counting(), open_model=open_closing))
        assert report.outcome == "steps", report.said
        assert any(one.path.endswith("/embeddings") for one in endpoint.asked)
        assert len(passed) == sum(one.path.endswith(("/embeddings", "/chat/completions")) for one in endpoint.asked)


def test_a_dead_worker_holds_up_nobody() -> None:
    """What it had under way counts as answered the moment the scheduler misses it, at the most it could take."""
    limiter, rate = RateLimiter(), {"at_once": 1, "requests_a_minute": None, "tokens_a_minute": None}
    assert limiter.admit("e", "tcp://a x", 5, rate) == 0
    assert limiter.admit("e", "tcp://b y", 5, rate) > 0
    limiter.remove_worker(None, "tcp://a", stimulus_id="")  # type: ignore[arg-type]  # it is not looked at
    assert limiter.admit("e", "tcp://b y", 5, rate) == 0
    minute = {"at_once": None, "requests_a_minute": None, "tokens_a_minute": 100}
    assert limiter.admit("f", "tcp://a x", 90, minute) == 0
    limiter.answered("f", "tcp://a x", 10)
    assert limiter.admit("f", "tcp://b y", 80, minute) == 0


def test_a_reload_on_a_cluster_takes_no_file_that_workers_cannot_open(tmp_path: Path) -> None:
    """The last good file goes on, and the log says why."""
    path, told = (
        jobs_file(tmp_path, '[[job]]\nname = "a"\ntopic = "silk"\nstore = "neo4j://there?graph=a"\n'),
        list[tuple[str, dict[str, object]]](),
    )
    with working(path, log=lambda what, **about: told.append((what, about))) as dispatcher:
        dispatcher.backend = replace(dispatcher.backend, is_here=False)
        jobs_file(tmp_path, JOB)
        Daemon(path, dispatcher).reload()
        assert [job.name for job in dispatcher.jobs.job] == ["a"]
    assert "workers on other machines cannot open" in str(told[-1][1]["why"])


def test_a_file_that_was_emptied_is_told_once_and_the_last_good_one_goes_on(tmp_path: Path) -> None:
    """An editor may empty a file before it writes it: the daemon says so, and takes in what is written then."""
    path, lines = jobs_file(tmp_path, JOB), list[str]()
    with working(path, log=lambda what, **_about: lines.append(what)) as dispatcher:
        daemon = Daemon(path, dispatcher)
        daemon.reload()
        for text in ("", "", JOB.replace("silk", "wool")):
            jobs_file(tmp_path, text)
            daemon.reload()
        assert [job.name for job in dispatcher.jobs.job] == ["wool"]
    assert lines == ["reloaded", "not reloaded", "reloaded"]


def test_years_that_were_missed_take_no_memory(tmp_path: Path) -> None:
    """A job of every second that was off for a day has its last hundred moments as rows, as promised."""
    path = jobs_file(tmp_path, f'{JOB}run = {{ steps = 1 }}\nschedule = {{ every = "1s", missed = "skip" }}\n')
    clock = Hands(DUE)
    with working(path, clock) as dispatcher:
        tick(dispatcher)
        clock.go(days=1)
        dispatcher.claim(dispatcher.jobs.job[0])
        assert len(dispatcher.state.runs("silk", 1000)) == 100


def test_a_run_that_was_begun_twice_is_told_once(tmp_path: Path) -> None:
    """One that lost its graph and got it again ends well: its last report counts, and so does the exit code."""
    path = jobs_file(tmp_path, f"{JOB}run = {{ steps = 1 }}\n")
    tries: list[JobRun] = []

    def losing(task: JobRun) -> JobReport:
        tries.append(task)
        outcome = "lost" if len(tries) == 1 else "steps"
        return JobReport(task.name, task.job.name, "", outcome, store=task.job.store)

    with working(path) as dispatcher:
        dispatcher.backend = replace(dispatcher.backend, perform=losing)
        dispatcher.state.add("silk", DUE)
        dispatcher.drive()
    assert [report.outcome for report in dispatcher.ended.values()] == ["steps"]
    assert exit_code(dispatcher.ended.values()) == 0


@pytest.mark.parametrize(
    "seen", ["2036-01-01T00:00:00+00:00", "9999-12-31T23:59:59-14:00", "nonsense", "2026-06-01T02:00"]
)
def test_a_time_that_no_clock_has_shown_blocks_no_job(tmp_path: Path, seen: str) -> None:
    """A job that was seen in the future, or at no moment, counts from now on, and is due as its file says."""
    path = jobs_file(tmp_path, f'{JOB}run = {{ steps = 1 }}\nschedule = {{ every = "1h" }}\n')
    clock = Hands(DUE)
    with working(path, clock) as dispatcher:
        job = dispatcher.jobs.job[0]
        dispatcher.claim(job)
        altered(tmp_path, "UPDATE job SET seen = ?", seen)
        dispatcher.claim(job)
        assert dispatcher.state.runs("silk") == []
        clock.go(hours=1)
        dispatcher.claim(job)
        assert [run.due for run in dispatcher.state.runs("silk")] == [utc("2026-06-01T03:00")]
    assert [one.name for one in overview(path)] == ["silk"]


@pytest.mark.parametrize("schedule", ['every = "1s"', 'cron = "* * * * *"', 'cron = "0 0 29 2 *"'])
@pytest.mark.parametrize("seen", ["1970-01-01T00:00:00+00:00", "0001-01-01T00:00:00+00:00"])
def test_what_was_due_since_long_ago_is_not_walked_through(tmp_path: Path, schedule: str, seen: str) -> None:
    """A clock that began in 1970 leaves the last hundred moments, at once."""
    path = jobs_file(tmp_path, f'{JOB}run = {{ steps = 1 }}\nschedule = {{ {schedule}, missed = "skip" }}\n')
    with working(path, Hands(DUE)) as dispatcher:
        dispatcher.claim(dispatcher.jobs.job[0])
        altered(tmp_path, "UPDATE job SET seen = ?", seen)
        began = time.monotonic()
        dispatcher.claim(dispatcher.jobs.job[0])
        assert time.monotonic() - began < 5
        due = [run.due for run in dispatcher.state.runs("silk", 1000)]
    assert len(due) == (14 if "29" in schedule else 100)  # leap years since 1970
    assert due[0] == (utc("2024-02-29T00:00") if "29" in schedule else DUE)


@pytest.mark.parametrize("text", ['{"a": 1}', "[]", "nonsense", "[" * 100_000, '{"run": 1}'])
def test_a_report_that_cannot_be_read_is_what_its_row_says(tmp_path: Path, text: str) -> None:
    """An altered report ends neither `batch status` nor what comes after it: outcome and words stand in the row."""
    path = jobs_file(tmp_path, JOB)
    with working(path, Hands(DUE)) as dispatcher:
        name = dispatcher.state.add("silk", DUE)
        dispatcher.state.end(name, JobReport(name, "silk", "", "error", "it broke", new_hubs=(("silk", 2),)))
        altered(tmp_path, "UPDATE run SET report = ?", text)
        run = dispatcher.state.run(name)
        assert run
        assert run.report
        assert (run.report.outcome, run.report.said, run.report.job) == ("error", "it broke", "silk")
    assert [one.last_outcome for one in overview(path)] == ["error"]


@pytest.mark.parametrize("due", ["x", "2026-06-01T02:30", "0001-01-01T00:00:00+14:00"])
def test_a_run_that_is_due_at_no_time_is_named(tmp_path: Path, due: str) -> None:
    """One sentence says which row of which file."""
    path = jobs_file(tmp_path, JOB)
    with working(path, Hands(DUE)) as dispatcher:
        name = dispatcher.state.add("silk", DUE)
        altered(tmp_path, "UPDATE run SET due = ?", due)
        with pytest.raises(StoreError, match=rf"jobs\.state\.db is damaged: its run '{re.escape(name)}' is due"):
            dispatcher.state.waiting()


def altered(folder: Path, sql: str, value: str) -> None:
    """Change the state of the jobs in a folder, as somebody else would."""
    (path,) = folder.glob("*.state.db")
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(sql, (value,))
