"""Limits of many jobs together, measured at the servers that they ask."""

import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphgrow.batch.budgets import day_start
from graphgrow.batch.dispatch import exit_code
from graphgrow.batch.jobs import Rate
from graphgrow.batch.limits import MINUTE, Request, Window, admit, answered
from graphgrow.batch.run import ModelSpec
from graphgrow.batch.schedule import utc_now
from graphgrow.llm.scripted import Scripted
from tests.batch_runs import Costing, Hands, jobs_file, paid, utc, working
from tests.conftest import chatter
from tests.servers import Answer, Asked, Endpoint, completion, free_port, refusal, serving

SHORT = 0.8  # seconds: a minute of these tests
REQUESTS, TOKENS, AT_ONCE, RUNS = 9, 9000, 3, 4
BILL = {"prompt_tokens": 700, "completion_tokens": 200}


@dataclass
class Moody:
    """A server's mood: it refuses, breaks, waits or answers; it counts how many requests it has at once."""

    rng: random.Random
    at_once: int = 0
    most: int = 0
    billed: list[tuple[float, int]] = field(default_factory=list)
    good: int = 0
    lock: Lock = field(default_factory=Lock)

    def __call__(self, one: Asked) -> Answer:
        """Answer as the mood is; what is answered with words is billed."""
        with self.lock:
            self.at_once += 1
            self.most = max(self.most, self.at_once)
            mood, number = self.rng.random(), len(self.billed)
        time.sleep(0.15 if mood > 0.8 else 0.02)
        with self.lock:
            self.at_once -= 1
            answer = self._answer(mood, number)
            tokens = sum(BILL.values()) if answer.status == 200 else 0
            self.billed.append((one.at, tokens))
            self.good += answer.status == 200 and not isinstance(answer.body, str)
        return answer

    def _answer(self, mood: float, number: int) -> Answer:
        if mood < 0.15:
            return refusal("slow down", 429, headers={"Retry-After": "0.05"})
        if mood < 0.25:
            return Answer("oops", 503, {"Retry-After": "0.05"})
        if mood < 0.28:
            return Answer("<html>no completion</html>", 200)
        return Answer(completion(chatter(number + 1)[-1], usage=BILL | {"total_tokens": sum(BILL.values())}))


@contextmanager
def moody(count: int) -> Iterator[list[tuple[Endpoint, Moody]]]:
    """Yield some moody servers."""
    with ExitStack() as stack:
        moods = [Moody(random.Random(seed)) for seed in range(count)]
        yield [(stack.enter_context(serving(mood)), mood) for mood in moods]


def most_in_a_minute(at: Sequence[tuple[float, int]]) -> tuple[int, int]:
    """Return the most requests and tokens in any stretch as long as a minute."""
    most = [[two for two in at if one[0] <= two[0] < one[0] + SHORT] for one in at]
    return max(len(some) for some in most), max(sum(tokens for _, tokens in some) for some in most)


def test_ten_jobs_on_three_moody_endpoints_keep_within_all_limits(tmp_path: Path) -> None:
    """No server ever sees more than it may, every job ends or says why not, and totals are those of the logs."""
    with moody(3) as servers:
        urls = [servers[number % 3][0].base_url for number in range(9)] + [f"http://127.0.0.1:{free_port()}/v1"]
        jobs = "".join(
            f'[[job]]\nname = "j{number}"\ntopic = "spider silk"\nstore = "{number}.db"\nllm = "m-1"\n'
            f'base_url = "{url}"\n'
            f"width = 3\nretries = {0 if number == 9 else 6}\nrun = {{ steps = 5 }}\n"
            for number, url in enumerate(urls)
        )
        head = f"[limits]\nconcurrency = {RUNS}\n[limits.endpoint]\nrequests_a_minute = {REQUESTS}\n"
        path = jobs_file(tmp_path, f"{head}tokens_a_minute = {TOKENS}\nat_once = {AT_ONCE}\n{jobs}")
        under_way, most = Counter[str](), [0]

        def log(what: str, **about: object) -> None:
            under_way[what] += 1
            most[0] = max(most[0], under_way["begun"] - under_way["ended"])

        with working(path, utc_now, ModelSpec.open, minute=SHORT, log=log) as dispatcher:
            for job in dispatcher.jobs.job:
                dispatcher.state.add(job.name, utc_now())
            dispatcher.drive()
            reports = {report.job: report for report in dispatcher.ended.values()}
    assert most[0] <= RUNS
    for _, mood in servers:
        requests, tokens = most_in_a_minute(mood.billed)
        assert requests <= REQUESTS
        assert tokens <= TOKENS
        assert mood.most <= AT_ONCE
    assert len(reports) == 10
    assert "no answer from" in reports["j9"].said
    assert {reports[f"j{number}"].outcome for number in range(9)} == {"steps"}
    assert exit_code(list(reports.values())) == 4
    logs = {name: paid(tmp_path / f"{name[1:]}.db") for name in reports if name != "j9"}
    assert {name: sum(event.reply.usage.tokens for event in log) for name, log in logs.items()} == {
        name: reports[name].tokens for name in logs
    }
    assert all(event.run == reports[name].run for name, log in logs.items() for event in log)
    assert sum(map(len, logs.values())) == sum(mood.good for _, mood in servers)


def test_money_of_a_day_is_shared_and_never_exceeded(tmp_path: Path) -> None:
    """Jobs get what is left of the day's money; then they wait for others, or say that it is spent."""
    jobs = "".join(
        f'[[job]]\nname = "j{n}"\ntopic = "spider silk"\nstore = "{n}.db"\nrun = {{ steps = 50, usd = 0.4 }}\n'
        for n in range(6)
    )
    path = jobs_file(tmp_path, f"[limits]\nconcurrency = 3\nusd_a_day = 1.0\n{jobs}")
    clock = Hands(utc("2026-03-01T12:00:00"))

    def costing(spec: ModelSpec) -> Costing:
        return Costing(Scripted(chatter(100), cycle=True), 0.05)

    with working(path, clock, costing) as dispatcher:
        for job in dispatcher.jobs.job:
            dispatcher.state.add(job.name, clock())
        dispatcher.drive()
        stores = [f"sqlite:{tmp_path / f'{n}.db'}" for n in range(6)]
        assert round(dispatcher.ledger.spent(stores, day_start(clock(), ZoneInfo("UTC"))), 6) == 1.0
        reports = dispatcher.ended.values()
        outcomes = Counter(report.outcome for report in reports)
        clock.go(days=1)
        assert dispatcher.ledger.spent(stores, day_start(clock(), ZoneInfo("UTC"))) == 0
    assert set(outcomes) == {"usd", "quota"}, [report for report in reports if report.outcome == "error"]
    total = sum(
        event.reply.usd or 0
        for n in range(6)
        if (tmp_path / f"{n}.db").exists()
        for event in paid(tmp_path / f"{n}.db")
    )
    assert round(total, 6) == 1.0


@given(
    st.lists(st.tuples(st.floats(0, 30), st.integers(1, 900), st.floats(0.1, 20), st.integers(0, 900)), max_size=40),
    st.integers(1, 5), st.integers(900, 2000), st.integers(1, 4),
)  # fmt: skip
def test_law_no_minute_holds_more_than_allowed(
    said: list[tuple[float, int, float, int]], requests: int, tokens: int, at_once: int
) -> None:
    """Whenever requests come, however long they take, any minute of arrivals is within the limits."""
    rate = Rate(requests_a_minute=requests, tokens_a_minute=tokens, at_once=at_once)
    window: Window = ()
    now, sent, ends = 0.0, list[tuple[float, int]](), list[tuple[float, str, int]]()
    for number, (pause, most, takes, bill) in enumerate(said):
        now += pause
        while True:
            for end, who, took in [one for one in ends if one[0] <= now]:
                window = answered(window, who, took, end)
                ends.remove((end, who, took))
            window, wait = admit(window, Request(str(number), most, now), rate)
            if not wait:
                break
            now += wait
        sent.append((now, min(bill, most)))
        ends.append((now + takes, str(number), min(bill, most)))
        assert len(ends) <= at_once
    for start, _ in sent:
        minute = [took for at, took in sent if start <= at < start + MINUTE]
        assert len(minute) <= requests
        assert sum(minute) <= tokens


def test_a_question_above_the_limit_goes_alone() -> None:
    """What can never fit is let pass when nothing else counts, or it would wait for ever."""
    rate = Rate(tokens_a_minute=100)
    window, wait = admit((), Request("a", 5000, 0.0), rate)
    assert not wait
    assert admit(window, Request("b", 5, 1.0), rate)[1] > 0
    assert not admit(answered(window, "a", 10, 2.0), Request("b", 5, 3.0), rate)[1]


@pytest.mark.parametrize("name", ["requests_a_minute", "at_once"])
def test_an_asker_that_was_killed_is_not_waited_for_for_ever(name: str) -> None:
    """A request that is never answered counts for some minutes, then no more."""
    rate = Rate.model_validate({name: 1})
    window, _ = admit((), Request("dead", 1, 0.0), rate)
    assert admit(window, Request("b", 1, 100.0), rate)[1] > 0
    assert not admit(window, Request("b", 1, 1000.0), rate)[1]
