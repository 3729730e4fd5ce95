"""Reasoning where replies cannot be kept on their way into the store: nothing is paid for, unless that was allowed."""

import json
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from graphgrow.errors import StoreError
from graphgrow.graph.model import Budget
from graphgrow.growth.loop import grow
from graphgrow.llm.scripted import Scripted
from graphgrow.reason.answers import ask
from graphgrow.reason.ideas import ideas
from graphgrow.reason.judge import judge
from graphgrow.stores import open_store
from tests.conftest import chatter
from tests.reasoning import Heard, answer


@pytest.mark.parametrize(
    "task",
    [
        partial(ask, question="What is silk?"),
        partial(ideas, count=1),
        partial(judge, question="Which?", one="This.", other="That."),
    ],
)
def test_nothing_is_asked_where_no_reply_can_be_kept(
    task: Callable[..., object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the folder of replies cannot be made, one sentence says so before anything is paid."""
    with closing(open_store(str(tmp_path / "g.db"), create=True)) as store:
        grow("spider silk", store, Scripted(chatter(6)), budget=Budget(steps=6)).run()
        (tmp_path / "file").touch()
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
        heard = Heard(lambda _prompt: answer(("Silk contains protein 1.", ["r1"])))
        before = store.graph().seq
        with pytest.raises(StoreError, match=r"replies cannot be kept safe in .*; nothing more is asked"):
            task(store, heard)
        assert heard.asked == []
        assert len(list(store.events(before))) <= 1  # what begins the task


def test_who_allows_it_is_answered_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With unprotected the reply goes into the store without having been kept before."""
    with closing(open_store(str(tmp_path / "g.db"), create=True)) as store:
        grow("spider silk", store, Scripted(chatter(3)), budget=Budget(steps=3)).run()
        (tmp_path / "file").touch()
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
        heard = Heard(lambda _prompt: json.dumps({"known": False, "claims": []}))
        ask(store, heard, "What is silk?", unprotected=True)
        assert heard.asked
