"""An ordinary user who may not write where a command would: one sentence, nothing paid for, nothing half-written."""

import shutil
from pathlib import Path

import pytest

from tests.cli.test_cli import graphgrow
from tests.conftest import chatter
from tests.servers import Answer, Asked, completion, in_order, serving
from tests.stores.test_sqlite_file import as_nobody, shelf

__all__ = ["shelf"]  # a fixture

JOB = '[[job]]\nname = "silk"\ntopic = "spider silk"\nstore = "job.db"\nrun = {{ steps = 1 }}\n'
JOBS = JOB + 'llm = "m-1"\nbase_url = "{}"\n'
NOT_HERE = "cannot write into"
READ = "can only be read here"
# What would write into the folder, and what it says.
WRITING = (
    ("grow silk --store new.db --steps 1 --llm m-1", NOT_HERE),
    ("grow --store g.db --steps 1 --llm m-1", NOT_HERE),
    ("ask g.db silk? --embeddings off --confidence 0 --llm m-1", NOT_HERE),
    ("ideas g.db --embeddings off --confidence 0 --llm m-1", NOT_HERE),
    ("discover g.db --confidence 0 --llm m-1", NOT_HERE),
    ("instruct g.db Short.", READ),
    ("export g.db out.graphml", "cannot write out.graphml"),
    ("report g.db r.html", "cannot write r.html"),
    ("copy g.db copy.db", "copy.db cannot be opened: Permission denied"),
    ("fork g.db fork.db --at 2", "fork.db cannot be opened: Permission denied"),
    ("batch run jobs.toml --now", "jobs.state.db cannot be used as the state of the jobs"),
)  # fmt: skip


@pytest.mark.slow
def test_who_may_not_write_is_told_so_and_pays_for_nothing(shelf: Path, tmp_path: Path) -> None:
    """Whatever would write into a folder that can only be read, with and without a place to keep replies in."""
    own, state, closed = (tmp_path / name for name in ("own", "state", "closed"))
    chats = in_order(*[Answer(completion(text)) for text in chatter(200)])

    def script(asked: Asked) -> Answer:
        return chats(asked) if asked.path.endswith("/chat/completions") else Answer({"data": [{"id": "m-1"}]})

    with serving(script) as endpoint:
        env = {"OPENAI_BASE_URL": endpoint.base_url, "OPENAI_API_KEY": "none"}
        (shelf / "jobs.toml").write_text(JOBS.format(endpoint.base_url))
        begun = ("grow", "spider silk", "--store", "g.db", "--llm", "m-1", "--steps", "3", "--fact-check", "0")
        graphgrow(*begun, cwd=shelf, env=env)
        shutil.copytree(shelf, own)
        for one in shelf.iterdir():
            one.chmod(0o444)
        shelf.chmod(0o555)
        for place, mode in ((state, 0o777), (closed, 0o555)):
            place.mkdir()
            place.chmod(mode)
        for place in (tmp_path, *tmp_path.parents[:2]):
            place.chmod(place.stat().st_mode | 0o011)
        before = sorted(one.name for one in shelf.iterdir())
        for line, _ in WRITING:  # what they import may be for the owner's eyes
            graphgrow(*line.split(), cwd=own, env=env)
        paid = len(endpoint.chats)
        for line, said in WRITING:
            for place in (state, closed) if "m-1" in line else (state,):
                with as_nobody():
                    done = graphgrow(*line.split(), cwd=shelf, env=env | {"XDG_STATE_HOME": str(place)}, code=1)
                *_, last = done.stderr.splitlines()
                assert last.startswith("graphgrow: "), line
                assert said in last or (place is closed and "cannot be written" in last), (line, last)
        assert len(endpoint.chats) == paid
        assert sorted(one.name for one in shelf.iterdir()) == before
        assert not [one for one in state.rglob("*") if one.is_file() and one.suffix != ".lock"]
        assert list(closed.iterdir()) == []
