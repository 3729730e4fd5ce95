"""What the page says back: an action or its refusal in one sentence, never a traceback."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

import streamlit as st

from graphgrow import GraphgrowError
from graphgrow.api.explorer import Edit, Graph
from graphgrow_explorer.text import plain
from graphgrow_explorer.workspace import Workspace

DONE, REFUSED = "done", "refused"
SENTENCE = 600  # characters
HELD = "held"

P = ParamSpec("P")


def attempt(act: Callable[[], str]) -> None:
    """Do something now and remember what came of it; for callbacks, after which the page is drawn anew by itself."""
    try:
        st.session_state[DONE] = act()
    except (GraphgrowError, OSError) as error:
        st.session_state[REFUSED] = str(error)


def perform(act: Callable[[], str]) -> None:
    """Do something now, remember what came of it, and draw the whole page anew."""
    attempt(act)
    st.rerun()


def decide(workspace: Workspace, what: Callable[Concatenate[Graph, P], Edit], *args: P.args, **named: P.kwargs) -> None:
    """Perform what a function of edits or directives decides about the graph."""
    perform(lambda: workspace.act(what, *args, **named))


def guarded(draw: Callable[P, None]) -> Callable[P, None]:
    """Return a part of the page that says what cannot be read; a part that is drawn by itself has no other guard."""

    @wraps(draw)
    def guard(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            draw(*args, **kwargs)
        except (GraphgrowError, OSError) as error:
            problem(str(error))

    return guard


def hold(name: str, *, is_chosen: bool) -> None:
    """Say whether a part of the view has something chosen in it, which a new drawing would take away."""
    st.session_state.setdefault(HELD, {})[name] = is_chosen


def release() -> None:
    """Forget what was chosen, as a view is drawn anew."""
    st.session_state[HELD] = {}


def last_result() -> None:
    """Show what came of the last action, once."""
    if refused := st.session_state.pop(REFUSED, ""):
        problem(refused)
    if done := st.session_state.pop(DONE, ""):
        st.toast(plain(done, SENTENCE), icon=":material/check:")


def problem(sentence: str) -> None:
    """Show why something cannot be done."""
    st.error(plain(sentence, SENTENCE), icon=":material/error:")


def note(sentence: str) -> None:
    """Show a remark in grey."""
    st.caption(plain(sentence, SENTENCE))
