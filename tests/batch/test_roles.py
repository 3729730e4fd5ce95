"""Models of jobs: one for each role for all jobs or for one, their options, and a run that does without one of them."""

import json
from contextlib import closing
from pathlib import Path

import pytest
from typer import Exit

from graphgrow.batch.dispatch import run_jobs
from graphgrow.batch.jobs import IDLE, load, parse
from graphgrow.batch.reports import markdown
from graphgrow.batch.run import is_priced
from graphgrow.batch.schedule import utc_now
from graphgrow.cli.batch import check
from graphgrow.errors import BadInput
from graphgrow.stores import open_store
from tests.batch_runs import jobs_file
from tests.growth.test_roles import ALWAYS, DENIED, Speaker, is_check
from tests.servers import serving

JOB = """
[[job]]
name = "silk"
topic = "silk"
store = "silk.db"
policy = "mix"
llm = "m"
base_url = "{grow}"
reasoning_effort = "low"
reply_tokens = 960
llm_options = {{ top_p = 0.5, api_key = "c0ffee" }}
run = {{ steps = 4 }}
"""


@pytest.mark.parametrize("place", ["[models]", "[job.models]"])
def test_a_job_has_a_model_for_each_role(tmp_path: Path, place: str) -> None:
    """For all jobs or for one; options reach the requests, the report says what each role cost, no secret is kept."""
    with serving(Speaker()) as first, serving(Speaker("checker")) as second:
        job, models = JOB.format(grow=first.base_url), f'{place}\ncheck = "{second.base_url}#c"\n'
        file = jobs_file(tmp_path, models + job if place == "[models]" else job + models)
        (report,) = run_jobs(file, due=utc_now())
    assert (report.outcome, report.steps) == ("steps", 4)
    body = first.chats[0].body
    sent = ("reasoning_effort", "max_tokens", "top_p", "api_key")
    assert [body[name] for name in sent] == ["low", 960, 0.5, "c0ffee"]
    assert not any(map(is_check, first.chats))
    assert second.chats
    assert {one.body["model"] for one in second.chats} == {"c"}
    assert not {"top_p", "reasoning_effort", "api_key"} & second.chats[0].body.keys()
    tokens = {(str(row["role"]), row["model"]): row["tokens"] for row in report.bills}
    assert tokens == {("grow", "grower"): 10 * len(first.chats), ("check", "checker"): 10 * len(second.chats)}
    assert report.tokens == sum(map(int, tokens.values()))
    assert f"- check by `checker`: {10 * len(second.chats)} tokens" in markdown(report)
    assert b"c0ffee" not in (tmp_path / "silk.db").read_bytes()


def test_a_job_does_without_a_role_that_fails(tmp_path: Path) -> None:
    """It is done, its relations are unchecked, and its report says so once; the next run checks them."""
    speaker = Speaker("checker", failing=DENIED, fails_at=ALWAYS)
    with serving(Speaker()) as first, serving(speaker) as second:
        models = f'[models]\ncheck = "{second.base_url}#c"\n'
        file = jobs_file(tmp_path, models + JOB.format(grow=first.base_url))
        (report,) = run_jobs(file, due=utc_now())
        assert report.outcome == "steps"
        (remark,) = report.remarks
        assert remark.startswith("The check model c failed, so relations stay unchecked")
        assert markdown(report).count("The check model c failed") == 1
        speaker.failing = None
        (again,) = run_jobs(file, due=utc_now().replace(year=2030))
        assert again.remarks == ()
    with closing(open_store(str(tmp_path / "silk.db"))) as home:
        assert len(home.graph().checks) > len(home.graph().relations) / 2


def test_words_of_a_job_go_before_those_for_all() -> None:
    """Its model, its address and its embeddings are its own; a role is that of the job before that of all jobs."""
    text = """
[models]
grow = "http://all/v1#g"
check = "http://all/v1#c"
embed = "http://all/v1#e"
[[job]]
name = "own"
store = "own.db"
llm = "mine"
embeddings = "local"
[job.models]
check = "http://own/v1#c"
[[job]]
name = "elsewhere"
store = "e.db"
base_url = "http://there/v1"
[[job]]
name = "plain"
store = "p.db"
"""
    jobs, problems = parse(text)
    assert jobs, problems
    own, elsewhere, plain = jobs.job
    assert hash(jobs)  # Dask asks for it
    assert [jobs.model(own, role) for role in ("grow", "check", "embed")] == ["mine", "http://own/v1#c", "local"]
    assert jobs.model(elsewhere, "grow") == ""
    assert [jobs.model(plain, role) for role in ("grow", "check", "arbitrate")] == [
        "http://all/v1#g", "http://all/v1#c", ""
    ]  # fmt: skip


def test_a_job_with_a_priced_role_is_priced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Money of the day is set aside for it, though the model that grows is free."""
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    job = JOB.format(grow="http://127.0.0.1:9/v1")
    free, priced = (
        load(jobs_file(tmp_path, text))
        for text in (job, '[models]\ncheck = "https://api.openai.com/v1#gpt-4o"\n' + job)
    )
    assert not is_priced(free, free.job[0])
    assert is_priced(priced, priced.job[0])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('key_env = "sk-12345678"', "never the key"),
        ('llm_options = { messages = "x" }', "cannot set 'messages'"),
        ("llm_options = 3", "is a table"),
        ("reply_tokens = 3", "greater than or equal to 16"),
        ('models = { check = "m?kee=1" }', "no option kee"),
        ('models = { checks = "m" }', "did you mean check"),
        ('models = { check = "http:///v1#m" }', "no address"),
    ],
)
def test_what_a_jobs_file_cannot_say_about_models(tmp_path: Path, line: str, words: str) -> None:
    """One sentence with the line, and no key in it."""
    file = jobs_file(tmp_path, f'[[job]]\nname = "a"\nstore = "a.db"\n{line}\n')
    with pytest.raises(BadInput, match=words) as raised:
        load(file)
    assert "jobs.toml:4" in str(raised.value)
    assert "12345678" not in json.dumps(str(raised.value))


def test_a_judge_that_no_job_asks_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By `check`, and by the report of every run; the file can be used all the same."""
    with serving(Speaker()) as first:
        file = jobs_file(tmp_path, '[models]\njudge = "j"\n' + JOB.format(grow=first.base_url))
        (report,) = run_jobs(file, due=utc_now())
    assert (report.outcome, report.remarks) == ("steps", (IDLE,))
    with pytest.raises(Exit):
        check(file)
    assert IDLE in " ".join(capsys.readouterr().out.split())
