"""Runs: start one and let it go on in the background, steer it, read every step of it, compare it with others."""

import json
import os
from contextlib import closing

import pandas as pd
import streamlit as st

from graphgrow.graph.model import Expansion, Prompt, ReasoningStep, Reply
from graphgrow.measure.comparison import CURVES, run
from graphgrow.policy import POLICIES
from graphgrow.policy.strategies import STRATEGIES
from graphgrow.stores import open_store
from graphgrow_explorer import charts, runs, steering
from graphgrow_explorer.feedback import guarded, hold, note, perform
from graphgrow_explorer.opening import files
from graphgrow_explorer.serve import SHARED
from graphgrow_explorer.state import Home
from graphgrow_explorer.text import counted, short
from graphgrow_explorer.views import jobs

PULSE = 1.5  # seconds
COMPARED = 5  # graphs beside this one
POINTS = 30
WORDS = {"running": "running", "pausing": "pausing after the question that is under way",
         "stopping": "stopping after the question that is under way", "paused": "paused", "ended": "ended"}  # fmt: skip


def draw(home: Home) -> None:
    """Draw the runs, the steps, the comparison, and the schedules."""
    now, steps, compared, scheduled = st.tabs(["Run", "Steps", "Compare", "Schedules"])
    with now:
        left, right = st.columns([3, 2], gap="large")
        with left:
            _runs(home)
        with right:
            _start(home)
            _steering(home)
    with steps:
        _steps(home)
    with compared:
        _compare(home)
    with scheduled:
        jobs.draw()


@st.fragment(run_every=PULSE)
@guarded
def _runs(home: Home) -> None:
    st.markdown("#### Runs of this graph from the explorer")
    found = runs.runs(home.url)
    if not found:
        note("None yet. A run goes on when the page or the browser is closed.")
    if st.session_state.get("running") != (alive := any(one.is_alive for one in found)):
        known, st.session_state["running"] = "running" in st.session_state, alive
        if known:
            st.rerun()
    for one in found:
        _run(home, one)


def _run(home: Home, one: runs.Run) -> None:
    with st.container(border=True):
        left, right = st.columns([3, 1], vertical_alignment="center")
        with left:
            st.text(f"{one.at.replace('T', ' ')[:16]}  {WORDS[one.state]}")
            about = [f"{one.steps} of {counted(one.wanted.steps, 'step')}", f"+{counted(one.concepts, 'concept')}",
                     counted(one.tokens, "token"), one.wanted.policy, one.wanted.llm or "default model"]  # fmt: skip
            note(" · ".join([*about, *([f"{one.usd:.4f} USD"] if one.usd else [])]))
            if one.is_alive:
                st.progress(min(1.0, one.steps / one.wanted.steps))
            if one.said and not one.is_alive:
                st.text(short(one.said, 300))
        with right:
            if one.state == "running":
                if st.button("Pause", key=f"pause {one.name}", icon=":material/pause:", width="stretch"):
                    perform(lambda: _stopped(home, one, pause=True))
                if st.button("Stop", key=f"stop {one.name}", icon=":material/stop:", width="stretch"):
                    perform(lambda: _stopped(home, one))
            if one.state == "paused" and st.button("Go on", key=f"resume {one.name}", type="primary", width="stretch"):
                perform(lambda: f"Run {runs.resume(home.url, one.name, os.environ | home.env)} has begun")


def _stopped(home: Home, one: runs.Run, *, pause: bool = False) -> str:
    runs.stop(home.url, one.name, pause=pause)
    return "The run ends after the question that is under way; everything that was paid for is saved"


def _start(home: Home) -> None:
    st.markdown("#### Start a run")
    if any(one.is_alive for one in runs.runs(home.url)):
        note("One run of a graph at a time: stop or pause the one that is under way.")
        return
    with st.form("start", border=True):
        wanted = _wanted(new=not home.graph.topic)
        if st.form_submit_button("Start", type="primary", icon=":material/play_arrow:", width="stretch"):
            perform(lambda: f"Run {runs.start(home.url, wanted, os.environ | home.env)} has begun")


def _wanted(*, new: bool) -> runs.Wanted:
    """Ask what a run is to do. Where others use the page too, nobody names an address that keys would be sent to."""
    topic = st.text_input("Topic") if new else ""
    llm = st.text_input("Model", placeholder="default: by the environment, else the local model")
    address = "" if os.environ.get(SHARED) else st.text_input("Address of an endpoint", placeholder="http://…/v1")
    left, right = st.columns(2)
    steps = left.number_input("Steps", min_value=1, value=20)
    policy = right.selectbox("Policy", [*POLICIES, *STRATEGIES])
    width = left.number_input("Questions at once", min_value=1, max_value=256, value=1)
    seed = right.number_input("Seed", min_value=0, value=0)
    tokens = left.number_input("At most tokens", min_value=1, value=None, placeholder="no limit")
    usd = right.number_input("At most USD", min_value=0.0, value=None, placeholder="1 if priced")
    return runs.Wanted(topic.strip(), llm.strip(), address.strip(), int(steps), tokens, usd, None, int(width), policy,
                       int(seed))  # fmt: skip


def _steering(home: Home) -> None:
    """Offer instructions for all questions to come, and show what binds."""
    st.markdown("#### Steer")
    with st.form("instruct", border=True, clear_on_submit=True):
        text = st.text_input("Instruction for the questions to come", max_chars=200)
        if st.form_submit_button("Instruct") and text.strip():
            perform(lambda: steering.instruct(home, text))
    for event, words, how in steering.binding(home):
        left, right = st.columns([4, 1], vertical_alignment="center")
        left.text(f"{short(words, 160)} ({how})")
        if right.button("Take back", key=f"withdraw {event}"):
            perform(lambda event=event: steering.withdraw(home, event))  # type: ignore[misc]  # bound to this row


@st.fragment
@guarded
def _steps(home: Home) -> None:
    with home.reading():
        rows = [(r.seq, r.strategy, r.question, r.outcome, r.concepts, r.relations, r.tokens, r.seconds, r.reason)
                for r in reversed(home.rows)]  # fmt: skip
    if not rows:
        note("Nothing has happened in this graph yet.")
        return
    names = ["event", "strategy", "about", "outcome", "+concepts", "+relations", "tokens", "seconds", "why"]
    seen = st.dataframe(pd.DataFrame(rows, columns=names), hide_index=True, height=320, on_select="rerun",
                        selection_mode="single-row", key=f"steps {rows[0][0]}",
                        alt="Every event of the graph, the newest first",
                        column_config={"seconds": st.column_config.NumberColumn(format="%.1f")})  # fmt: skip
    hold("steps", is_chosen=bool(seen.selection.rows))
    place = seen.selection.rows[0] if seen.selection.rows else 0
    event = home.event(int(rows[min(place, len(rows) - 1)][0]))
    if isinstance(event, Expansion):
        _expansion(event)
    elif isinstance(event, ReasoningStep):
        thought(event)
    elif event:
        st.text(f"Event {event.seq}, by hand: {short(event.note, 300)}")


def _expansion(event: Expansion) -> None:
    focus, reply = event.focus, event.reply
    st.markdown(f"#### Event {event.seq}")
    st.text(f"{focus.strategy} asked about {short(', '.join(focus.concepts), 120)} ({focus.angle}): {focus.reason}")
    cells = st.columns(4)
    cells[0].metric("Outcome", event.outcome)
    cells[1].metric("New concepts", len(event.delta.new_concepts))
    cells[2].metric("Tokens", f"{reply.usage.tokens:,}")
    cells[3].metric("Seconds", f"{reply.seconds:.1f}")
    if event.reason:
        st.text(event.reason)
    _asked(event.prompt, reply)
    brought = _brought(event)
    if not brought.empty:
        st.markdown("**What it brought**")
        st.dataframe(brought, hide_index=True, key="brought", alt="What the step brought")


def thought(event: ReasoningStep) -> None:
    """Draw one stage of a work: what was asked, what came back, what of it could be used."""
    st.markdown(f"#### Event {event.seq}")
    st.text(f"{event.task}, {event.stage}: {short(', '.join(event.subject), 120)}")
    if event.reason:
        st.text(event.reason)
    if event.prompt and event.reply:
        _asked(event.prompt, event.reply)
    st.markdown("**What came of it**")
    st.code(json.dumps(event.result, ensure_ascii=False, indent=1), language=None, wrap_lines=True, height=300)


def _asked(prompt: Prompt, reply: Reply) -> None:
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**Prompt**")
        st.code(f"{prompt.system}\n\n{prompt.user}", language=None, wrap_lines=True, height=300)
    with right:
        st.markdown("**Reply**", help="As it came, whatever is in it.")
        st.code(reply.text or "(empty)", language=None, wrap_lines=True, height=300)


def _brought(event: Expansion) -> pd.DataFrame:
    delta = event.delta
    rows = [("new concept", concept.name, "") for concept in delta.new_concepts]
    rows += [("new relation", f"{s.raw.source} — {s.raw.predicate} — {s.raw.target}", "") for s in delta.relations]
    rows += [("known relation", f"{s.raw.source} — {s.raw.predicate} — {s.raw.target}", "") for s in delta.support]
    rows += [(change.do, " = ".join(change.concepts), change.reason) for change in delta.changes]
    rows += [("kept out", one.text, one.rule) for one in delta.rejects]
    return pd.DataFrame(rows, columns=["what", "words", "why"])


def _compare(home: Home) -> None:
    names = [name for name, *_ in files() if f"sqlite:{name}" != home.url]
    if not names:
        note("There is no other graph in this folder to compare with.")
        return
    left, right = st.columns([3, 1])
    chosen = left.multiselect("Beside this graph", names, max_selections=COMPARED)
    hold("compared", is_chosen=bool(chosen))
    metric = right.selectbox("Metric", CURVES, format_func=lambda name: name.replace("_", " "))
    if not chosen:
        note("Choose graphs of this folder to see their curves together.")
        return
    with st.spinner("Measuring…"):
        every = max(1, home.graph.seq // POINTS)
        taken = [_taken(url, every, home.graph.seq) for url in (home.url, *(f"sqlite:{name}" for name in chosen))]
    rows = [(seq, short(url.removeprefix("sqlite:"), 40), row[metric]) for url, curve in taken
            for seq, row in curve.items()]  # fmt: skip
    table = pd.DataFrame(rows, columns=["x", "series", "y"]).dropna()
    st.altair_chart(charts.lines(table, metric.replace("_", " "), f"{metric} of several graphs over their events"))
    st.dataframe(table.rename(columns={"x": "event", "series": "graph", "y": metric}), hide_index=True, height=220,
                 alt=f"{metric} of several graphs")  # fmt: skip


@st.cache_data(max_entries=12, show_spinner=False)
def _taken(url: str, every: int, seq: int) -> tuple[str, dict[int, dict[str, float | int | str | None]]]:  # noqa: ARG001  # seq: another version
    """Return a graph's URL and its curves, read by a connection of its own."""
    with closing(open_store(url)) as store:
        return url, run(url, store.events(), every=every, cache=store).snapshots
