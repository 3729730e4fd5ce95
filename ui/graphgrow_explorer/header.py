"""The line above every view: what the graph is about, how large it is, what is running, and other graphs."""

import streamlit as st

from graphgrow.errors import GraphgrowError
from graphgrow_explorer import runs
from graphgrow_explorer.feedback import note, problem
from graphgrow_explorer.opening import switcher
from graphgrow_explorer.state import Home
from graphgrow_explorer.text import counted, plain

PULSE = 2.0  # seconds
DRAWN = "drawn"


def header(home: Home) -> None:
    """Draw the line; it looks for news by itself."""
    left, right = st.container(key="header").columns([5, 1], vertical_alignment="center")
    with home.reading() as graph:
        topic = graph.topic
        st.session_state[DRAWN] = home.mark
    with left:
        st.markdown(f"## {plain(topic or 'A graph without a topic', 120)}")
        _pulse(home)
    with right, st.popover(plain(home.url.removeprefix("sqlite:").rpartition("/")[2], 24), width="stretch"):
        switcher(home)


@st.fragment(run_every=PULSE)
def _pulse(home: Home) -> None:
    """Say how the graph stands, again and again; draw the page anew after decisions, which a picture cannot hear."""
    try:
        _, decisions = home.refresh()
        running = [run for run in runs.runs(home.url) if run.is_alive] if not home.url.startswith("memory:") else []
    except GraphgrowError as error:
        problem(str(error))
        return
    with home.reading() as graph:
        sizes = [counted(len(graph.concepts), "concept"), counted(len(graph.relations), "relation"),
                 counted(graph.seq, "event"), counted(graph.bill.tokens, "token")]  # fmt: skip
        if graph.bill.usd:
            sizes.append(f"{graph.bill.usd:.4f} USD")
    if running:
        sizes.append(f"{running[0].state}, step {running[0].steps} of {running[0].wanted.steps}")
    note(" · ".join(sizes))
    drawn = st.session_state.get(DRAWN)
    if drawn and drawn[1] != decisions:
        st.rerun()
