"""What the page says back: an action or its refusal in one sentence, never a traceback."""

import getpass
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial, wraps
from typing import Concatenate, ParamSpec

import streamlit as st

from graphgrow import GraphgrowError
from graphgrow.api import edits
from graphgrow.api.explorer import Edit, Graph
from graphgrow_explorer.guard import SHARED
from graphgrow_explorer.text import plain, short
from graphgrow_explorer.workspace import REASON, Workspace

DONE, REFUSED = "done", "refused"
SENTENCE = 600  # characters
HELD = "held"
GOING = "going"  # the view and the choices of it that a button leads to
DECIDED = "decided"  # the last decision, which can be taken back for a while
UNDONE = "undone"
TURN = "turn"  # changes with each decision: its message is another element, which goes away by its own time
OFFERED = 20.0  # seconds; the style of the page hides it then

# Where a page does what a sentence of the command line points to.
PLACES = {
    "restore": "Review, Rejected names", "rejects": "Review, Rejected names", "review": "Review",
    "unmerge": "Review, Merged automatically", "rename": "the panel of the concept", "show": "the search box above",
    "steering": "Runs", "unpin": "Steer, beside the concept", "allow": "Steer, beside the concept",
}  # fmt: skip
HINT = re.compile(rf"(see|with|to) {{2}}graphgrow ({'|'.join(PLACES)})\b(?: STORE)?")
COMMAND = re.compile(r" {2}(graphgrow .+?)(?= {2}|$)")

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


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided from this page just now: the steps of it, in words, and when."""

    url: str
    seqs: tuple[int, ...]
    words: str
    at: float


def decide(workspace: Workspace, what: Callable[Concatenate[Graph, P], Edit], *args: P.args, **named: P.kwargs) -> None:
    """Perform what a function of edits or directives decides about the graph."""
    decide_all(workspace, [lambda graph: what(graph, *args, **named)])


def decide_all(workspace: Workspace, decisions: Iterable[Callable[[Graph], Edit]]) -> None:
    """Perform decisions one after the other, offer to take them back together, and draw the whole page anew."""
    _decide(workspace, decisions)
    st.rerun()


def _decide(workspace: Workspace, decisions: Iterable[Callable[[Graph], Edit]]) -> None:
    done: list[Edit] = []
    try:
        for one in decisions:
            done.append(workspace.act(by_visitor(one)))  # noqa: PERF401  # what was done counts if the next fails
    except (GraphgrowError, OSError) as error:
        st.session_state[REFUSED] = str(error)
    words = " ".join(f"{edit.edit.capitalize()}: {edit.note}." for edit in done)
    undoable = tuple(edit.seq for edit in done if edits.is_undoable(edit))
    if undoable:
        st.session_state[DECIDED] = Decided(workspace.url, undoable, words, time.monotonic())
        st.session_state[TURN] = not st.session_state.get(TURN)
    elif done:
        st.session_state[DONE] = words


def by_visitor(decide: Callable[[Graph], Edit]) -> Callable[[Graph], Edit]:
    """Return a decision as one by whoever uses the page."""
    return lambda graph: replace(decide(graph), by=visitor())


def undo(workspace: Workspace, *seqs: int) -> None:
    """Take decisions back, the last one first."""
    decide_all(workspace, _undoing(workspace, seqs))


def _undoing(workspace: Workspace, seqs: Iterable[int]) -> Iterator[Callable[[Graph], Edit]]:
    for seq in sorted(seqs, reverse=True):
        yield partial(edits.undo, edit=workspace.event(seq), log=workspace.store.events, reason=REASON)


def _take_back(workspace: Workspace, last: Decided) -> None:
    """Undo what was decided just now: a callback, which runs even if the page is drawn anew for another reason."""
    st.session_state.pop(DECIDED, None)
    _decide(workspace, _undoing(workspace, last.seqs))
    st.session_state[UNDONE] = True


@st.fragment
def offer_undo(workspace: Workspace) -> None:
    """Say what was decided just now, with a button that takes it back; it goes away by itself.

    A click on it while the page is slow still counts, however late.
    """
    if st.session_state.pop(UNDONE, False):
        st.rerun()
    last: Decided | None = st.session_state.get(DECIDED)
    if last is None or last.url != workspace.url or time.monotonic() - last.at > OFFERED:
        return
    turn = "one" if st.session_state.get(TURN) else "other"
    with st.container(key=f"undo-{turn}", horizontal=True, vertical_alignment="center"):
        st.text(short(last.words, 160))
        st.button("Undo", key=f"undo just now {last.seqs[-1]}", icon=":material/undo:", type="primary",
                  on_click=_take_back, args=(workspace, last))  # fmt: skip
        if st.button("Close", key="undo not", type="tertiary"):
            del st.session_state[DECIDED]
            st.rerun()


def visitor() -> str:
    """Return who uses the page: the address that signed in, else this machine's user; "" where it may be others."""
    if st.user.get("email"):
        return str(st.user["email"])
    with suppress(OSError, KeyError):  # a user without a name
        return "" if os.environ.get(SHARED) else getpass.getuser()
    return ""


def visit(view: str, **chosen: str | Sequence[str]) -> None:
    """Go to another view of the same graph, with `chosen` as its address has it."""
    st.session_state[GOING] = view, {"store": st.query_params.get("store", ""), **chosen}
    st.rerun()


def guarded(draw: Callable[P, None]) -> Callable[P, None]:
    """Return a part of the page that says what cannot be read; a part that is drawn on its own has no other guard."""

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
    """Show why something cannot be done, in words of the page."""
    words, commands = for_page(sentence)
    st.error(plain(words, SENTENCE), icon=":material/error:")
    for one in commands:
        st.code(one, language=None)


def note(sentence: str) -> None:
    """Show a remark in grey."""
    words, commands = for_page(sentence)
    st.caption(plain(words, SENTENCE))
    for one in commands:
        st.code(one, language=None)


def for_page(sentence: str) -> tuple[str, list[str]]:
    """Return a sentence that names commands as a page says it: their place on the page, and those that have none.

    A command is shown by itself, so that it is copied as it is.
    """
    words = HINT.sub(lambda found: f"{'see' if found[1] == 'see' else 'in'} {PLACES[found[2]]}", sentence)
    commands = COMMAND.findall(words)
    return (COMMAND.sub(" this command", words) if commands else words), commands
