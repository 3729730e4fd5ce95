"""The line above every view: what the graph is about, how large it is, what is running, and other graphs."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from graphgrow.api.explorer import store_url
from graphgrow_explorer import runs
from graphgrow_explorer.feedback import HELD, guarded, note, visit
from graphgrow_explorer.news import listen
from graphgrow_explorer.opening import switcher
from graphgrow_explorer.search import search_box
from graphgrow_explorer.text import counted, plain, short
from graphgrow_explorer.workspace import Workspace, workspaces

REST = 10  # a view is left alone for this many times as long as drawing it took
FEWEST = 3  # steps that tell the pace of a run
DRAWN, TOOK, ENDED = "drawn", "took", "drawn at"
WATCHED = "watched run"  # the one under way when this page last looked, which may have ended since


def header(workspace: Workspace, *, is_live: bool) -> None:
    """Draw the line; it looks for news by itself, and has a view that is not live drawn anew when there are some."""
    left, middle, right = st.container(key="header").columns([8, 4, 2], vertical_alignment="center")
    topic, st.session_state[DRAWN] = workspace.topic, workspace.mark
    with left:
        st.markdown(f"## {plain(topic or 'A graph without a topic', 120)}")
        _pulse(workspace, is_live=is_live)
    with middle:
        chosen = search_box(workspace, "Search the whole graph", "search", is_first=True,
                            placeholder="Search the whole graph  ( / )")  # fmt: skip
        if chosen:
            visit("graph", concept=chosen)
    with right, st.popover(plain(store_url(workspace.url).short.rpartition("/")[2], 24), width="stretch"):
        switcher(workspace)


@st.fragment
@guarded
def _pulse(workspace: Workspace, *, is_live: bool) -> None:
    """Say how the graph stands whenever it changes, and draw the page anew where it shows what is no longer so."""
    if not workspaces().holds(workspace):
        st.rerun()
    mark = workspace.refresh()
    if workspace.index:
        held = workspace.extent
        facts = [counted(held.concepts, "concept"), counted(held.relations, "relation"), counted(held.seq, "step")]
    else:
        with workspace.reading() as graph:
            facts = [counted(len(graph.concepts), "concept"), counted(len(graph.relations), "relation"),
                     counted(graph.seq, "step"), counted(graph.bill.tokens, "token")]  # fmt: skip
            if graph.checking.replies:
                facts[2] += f" ({counted(graph.checking.replies, 'fact check')})"
            if graph.bill.usd:
                facts.append(f"{graph.bill.usd:.4f} USD")
    known = runs.runs(workspace.url) if workspace.is_file else []
    watched = [run for run in known if run.is_alive or run.name == st.session_state.get(WATCHED)][:1]
    facts += [stands(run, datetime.now(UTC)) for run in watched]
    note(" · ".join(facts))
    st.session_state[WATCHED] = watched[0].name if watched else ""
    if is_due(mark, st.session_state, time.monotonic(), is_live=is_live):
        st.rerun()
    listen(workspace, "header", is_waiting=not is_live and st.session_state.get(DRAWN) != mark)


def stands(run: runs.Run, now: datetime) -> str:
    """Return how a run stands: its steps, how long it will take at its pace so far, and why it ended."""
    words = f"{run.state}: {run.steps} of {counted(run.options.steps, 'step')}"
    if run.is_alive and FEWEST <= run.steps < run.options.steps:
        pace = (now - datetime.fromisoformat(run.at)).total_seconds() / run.steps
        minutes = pace * (run.options.steps - run.steps) / 60
        words += f", {minutes:.0f} min left" if minutes >= 1 else ", < 1 min left"
    return f"{words} ({short(run.message, 80)})" if run.message else words


def is_due(mark: tuple[int, int], state: Mapping[Any, Any], now: float, *, is_live: bool) -> bool:
    """Tell whether a page shows what is no longer so: after decisions, which no view hears of, and after any news.

    For mere news a view that is not live waits as long as something is chosen in it, or it would be drawn all the time.
    """
    drawn = state.get(DRAWN, mark)
    if drawn[1] != mark[1]:
        return True
    rested = now - state.get(ENDED, now) >= REST * state.get(TOOK, 0.0)
    return drawn != mark and not is_live and rested and not any(state.get(HELD, {}).values())
