"""The line above every view: what the graph is about, how large it is, what is running, and other graphs."""

import time
from collections.abc import Mapping
from typing import Any

import streamlit as st

from graphgrow_explorer import runs
from graphgrow_explorer.feedback import HELD, guarded, note
from graphgrow_explorer.opening import switcher
from graphgrow_explorer.state import Home, homes
from graphgrow_explorer.text import counted, plain

PULSE = 2.0  # seconds
REST = 10  # times as long as it took to draw a view it is left alone
DRAWN, TOOK, ENDED = "drawn", "took", "drawn at"


def header(home: Home, *, is_live: bool) -> None:
    """Draw the line; it looks for news by itself, and has a view that is not live drawn anew when there are some."""
    left, right = st.container(key="header").columns([5, 1], vertical_alignment="center")
    with home.reading() as graph:
        topic = graph.topic
        st.session_state[DRAWN] = home.mark
    with left:
        st.markdown(f"## {plain(topic or 'A graph without a topic', 120)}")
        _pulse(home, is_live=is_live)
    with right, st.popover(plain(home.url.removeprefix("sqlite:").rpartition("/")[2], 24), width="stretch"):
        switcher(home)


def timed(started: float) -> None:
    """Note that a view has been drawn since a moment of the monotonic clock."""
    st.session_state[TOOK], st.session_state[ENDED] = time.monotonic() - started, time.monotonic()


@st.fragment(run_every=PULSE)
@guarded
def _pulse(home: Home, *, is_live: bool) -> None:
    """Say how the graph stands, again and again, and draw the page anew where it shows what is no longer so."""
    if not homes().holds(home):
        st.rerun()
    mark = home.refresh()
    note(" · ".join(_sizes(home)))
    if is_due(mark, st.session_state, time.monotonic(), is_live=is_live):
        st.rerun()


def is_due(mark: tuple[int, int], state: Mapping[Any, Any], now: float, *, is_live: bool) -> bool:
    """Tell whether a page shows what is no longer so: after decisions, which no view hears of, and after any news.

    For mere news a view that is not live waits as long as something is chosen in it, or it would do little else.
    """
    drawn = state.get(DRAWN, mark)
    if drawn[1] != mark[1]:
        return True
    rested = now - state.get(ENDED, now) >= REST * state.get(TOOK, 0.0)
    return drawn != mark and not is_live and rested and not any(state.get(HELD, {}).values())


def _sizes(home: Home) -> list[str]:
    running = [run for run in runs.runs(home.url) if run.is_alive] if not home.url.startswith("memory:") else []
    with home.reading() as graph:
        sizes = [counted(len(graph.concepts), "concept"), counted(len(graph.relations), "relation"),
                 counted(graph.seq, "event"), counted(graph.bill.tokens, "token")]  # fmt: skip
        if graph.bill.usd:
            sizes.append(f"{graph.bill.usd:.4f} USD")
    if running:
        sizes.append(f"{running[0].state}, step {running[0].steps} of {running[0].wanted.steps}")
    return sizes
