"""Runs: start one and let it run in the background, steer it, read every step of it, compare it with others."""

import os
from dataclasses import replace
from functools import partial
from typing import Literal

import pandas as pd
import streamlit as st

import graphgrow
from graphgrow import GraphgrowError
from graphgrow.api import directives
from graphgrow.api.explorer import CURVES, DEFAULT_STEPS, METRICS, POLICIES, STRATEGIES, store_url
from graphgrow.api.models import default_model
from graphgrow_explorer import charts, panel, runs
from graphgrow_explorer.feedback import decide, guarded, hold, note, perform, problem
from graphgrow_explorer.models import check_model, last_options, model_fields
from graphgrow_explorer.news import listen
from graphgrow_explorer.opening import files
from graphgrow_explorer.serve import JOBS
from graphgrow_explorer.text import POLICY, SEED, STEP, TOKENS, counted, short
from graphgrow_explorer.workspace import REASON, Workspace

JOBS_PULSE = 20.0  # seconds
COMPARED = 5  # graphs beside this one
POINTS = 30
Needs = Literal["counts", "communities", "paths", "fits"]
# What a metric is measured with, beyond counts, which stand at every step.
NEEDS: dict[str, Needs] = {
    "modularity_leiden": "communities", "bridge_concepts": "communities", "average_path_length": "paths",
    "diameter": "paths", "betweenness_gini": "paths", "powerlaw_alpha": "fits",
}  # fmt: skip
WORDS: dict[runs.State, str] = {
    "running": "running", "pausing": "pausing after the question that is under way",
    "stopping": "stopping after the question that is under way", "paused": "paused", "ended": "ended",
}  # fmt: skip


def draw(workspace: Workspace) -> None:
    """Draw the runs, the steps, the comparison, and the schedules."""
    now, steps, compared, scheduled = st.tabs(["Run", "Steps", "Compare", "Schedules"])
    with now:
        left, right = st.container(key="stage").columns([3, 2], gap="large")
        with left:
            _runs(workspace)
        with right:
            st.markdown("#### Start a run")
            if any(one.is_alive for one in runs.runs(workspace.url)):
                note("One run of a graph at a time: stop or pause the one that is under way.")
            else:
                form(workspace)
            st.markdown("#### Steer")
            steering(workspace)
    with steps:
        _steps(workspace)
    with compared:
        compare(workspace)
    with scheduled:
        _schedules()


@st.fragment
@guarded
def _runs(workspace: Workspace) -> None:
    """Draw the runs that were started from a page, each with what can be done about it."""
    st.markdown("#### Runs of this graph from the explorer")
    started = runs.runs(workspace.url)
    if not started:
        note("None yet. A run goes on when the page or the browser is closed.")
    if st.session_state.get("running") != (alive := any(one.is_alive for one in started)):
        known, st.session_state["running"] = "running" in st.session_state, alive
        if known:
            st.rerun()

    def go_on(name: str) -> str:
        return f"Run {runs.resume(workspace.url, name, os.environ | workspace.env)} has begun"

    for one in started:
        with st.container(border=True):
            left, right = st.columns([3, 1], vertical_alignment="center")
            with left:
                state = "failed" if one.state == "ended" and not one.steps else WORDS[one.state]
                st.text(f"{panel.moment(one.at)}, {state}")
                steps, model = (
                    counted(one.options.steps, "step"),
                    one.options.llm or one.options.base_url or default_model(os.environ),
                )
                facts = [f"{one.steps} of {steps}", f"+{counted(one.concepts, 'concept')}",
                         counted(one.tokens, "token"), one.options.policy, model]  # fmt: skip
                note(" · ".join([*facts, *([f"{one.usd:.4f} USD"] if one.usd else [])]))
                if one.is_alive:
                    st.progress(min(1.0, one.steps / one.options.steps))
                elif one.message:
                    st.text(short(one.message, 300))
            with right:
                if one.state == "running":
                    if st.button("Pause", key=f"pause {one.name}", icon=":material/pause:", width="stretch"):
                        perform(partial(runs.stop, workspace.url, one.name, pause=True))
                    if st.button("Stop", key=f"stop {one.name}", icon=":material/stop:", width="stretch"):
                        perform(partial(runs.stop, workspace.url, one.name))
                if one.state == "paused" and st.button(
                    "Resume", key=f"resume {one.name}", type="primary", width="stretch"
                ):
                    perform(partial(go_on, one.name))
    listen(workspace, "runs")


def form(workspace: Workspace) -> None:
    """Ask what a run is to do; the fields hold what the last one was to do."""
    last = last_options(workspace.url)
    with st.form("start", border=True):
        topic = "" if workspace.graph.topic else st.text_input("Topic")
        model = model_fields("run", last, folded=False)
        left, right = st.columns(2)
        steps = left.number_input("Steps", min_value=1, value=max(last.steps, DEFAULT_STEPS), help=STEP)
        names = [*POLICIES, *STRATEGIES]
        policy = right.selectbox("Policy", names, index=names.index(last.policy) if last.policy in names else 0,
                                 help=POLICY)  # fmt: skip
        width = left.number_input("Questions at once", min_value=1, max_value=256, value=last.width)
        seed = right.number_input("Seed", min_value=0, value=last.seed, help=SEED)
        tokens = left.number_input("Token limit", min_value=1, value=None, placeholder="no limit", help=TOKENS)
        usd = right.number_input(
            "Spending limit (USD)", min_value=0.0, value=None, placeholder="1 if the price is known"
        )
        if st.form_submit_button("Start", type="primary", icon=":material/play_arrow:", width="stretch"):
            options = replace(
                model, topic=topic.strip(), steps=int(steps), tokens=tokens, usd=usd, width=int(width), policy=policy,
                seed=int(seed),
            )  # fmt: skip

            env = os.environ | workspace.env
            perform(lambda: f"Run {runs.start(workspace.url, check_model(options), env)} has begun")


def steering(workspace: Workspace) -> None:
    """Offer instructions for all questions to come, and show what binds."""
    with st.form("instruct", border=True, clear_on_submit=True):
        text = st.text_input("Instruction for the questions to come", max_chars=200)
        if st.form_submit_button("Instruct") and text.strip():
            decide(workspace, directives.instruct, text, reason=REASON)
    with workspace.reading() as graph:
        binding = [(one.seq, directives.describe(graph, one.change), directives.state(graph, one))
                   for one in directives.binding(graph)]  # fmt: skip
    for seq, words, state in binding:
        left, right = st.columns([4, 1], vertical_alignment="center")
        left.text(f"{short(words, 160)} ({state})")
        if right.button("Remove", key=f"withdraw {seq}"):
            decide(workspace, directives.withdraw, seq, reason=REASON)


@st.fragment
@guarded
def _steps(workspace: Workspace) -> None:
    """Draw every step in a line, and the one that is chosen, or the newest, with its prompt and reply."""
    with workspace.reading():
        rows = [(r.seq, r.strategy, r.question, r.outcome, r.concepts, r.relations, r.tokens, r.seconds, r.reason)
                for r in reversed(workspace.rows)]  # fmt: skip
    if not rows:
        note("Nothing has happened in this graph yet.")
        return
    names = ["step", "strategy", "about", "outcome", "+concepts", "+relations", "tokens", "seconds", "why"]
    seen = st.dataframe(pd.DataFrame(rows, columns=names), hide_index=True, height=320, on_select="rerun",
                        selection_mode="single-row", key=f"steps {rows[0][0]}",
                        alt="Every step of the graph, the newest first",
                        column_config={"seconds": st.column_config.NumberColumn(format="%.1f")})  # fmt: skip
    hold("steps", is_chosen=bool(seen.selection.rows))
    place = seen.selection.rows[0] if seen.selection.rows else 0
    if event := workspace.event(int(rows[min(place, len(rows) - 1)][0])):
        panel.step(workspace, event)


def compare(workspace: Workspace) -> None:
    """Draw a metric of this graph and of others of the folder over their steps."""
    names = [name for name, *_ in files() if f"sqlite:{name}" != workspace.url]
    if not names:
        note("There is no other graph in this folder to compare with.")
        return
    left, right = st.columns([3, 1])
    chosen = left.multiselect("Beside this graph", names, max_selections=COMPARED)
    hold("compared", is_chosen=bool(chosen))
    metric = right.selectbox("Metric", CURVES, format_func=lambda name: name.replace("_", " "), key="metric")
    note(f"{metric.replace('_', ' ').capitalize()}: {METRICS[metric]}.")
    if not chosen:
        note("Choose graphs of this folder to see their curves together.")
        return
    with st.spinner("Measuring…"):
        every = 2 ** max(0, (workspace.graph.seq // POINTS).bit_length() - 1)
        urls = workspace.url, *(f"sqlite:{name}" for name in chosen)
        needs = NEEDS.get(metric, "counts")
        measured = [history(url, every, workspace.graph.seq, needs).assign(series=short(store_url(url).short, 40))
                    for url in urls]  # fmt: skip
    table = pd.concat(measured).reset_index(names="x")[["x", "series", metric]].rename(columns={metric: "y"})
    table = table.astype({"y": "float64"}).dropna()
    title = metric.replace("_", " ")
    st.altair_chart(charts.lines(table, title, f"{metric} of several graphs over their steps"))
    st.dataframe(table.rename(columns={"x": "step", "series": "graph", "y": metric}), hide_index=True, height=220,
                 alt=f"{metric} of several graphs")  # fmt: skip


@st.cache_data(max_entries=12, show_spinner=False)
def history(
    url: str,
    every: int,
    seq: int,
    needs: Needs,
) -> pd.DataFrame:
    """Return the metrics of a graph up to a step at its snapshots, read by a connection of its own."""
    with graphgrow.open(url) as graph:
        taken = seq if needs == "counts" else every
        table = graph.history(every=max(1, taken), fits=needs == "fits", paths=needs == "paths")
    shown: pd.DataFrame = table[(table.index % every == 0) | (table.index == table.index.max())]
    return shown


@st.fragment(run_every=JOBS_PULSE if os.environ.get(JOBS) else None)
def _schedules() -> None:
    """Draw the jobs of the file that the explorer was started with, and the report of the run that is chosen."""
    file = os.environ.get(JOBS, "")
    if not file:
        note("To see jobs here start the explorer by  graphgrow explore --jobs JOBS.toml")
        return
    try:
        jobs = graphgrow.jobs(file)
    except GraphgrowError as error:
        problem(str(error))
        return
    rows = [(one.name, one.schedule, one.last_due, one.last_outcome, one.next_due, one.now) for one in jobs]
    names = ["job", "schedule", "last due", "outcome", "next due", "now"]
    st.dataframe(pd.DataFrame(rows, columns=names), hide_index=True, key="jobs", alt="The jobs and when they run")
    reports = {f"{report.job}, due {report.due}": report for one in jobs for report in one.reports}
    if not reports:
        note("No run has ended yet.")
        return
    chosen = st.selectbox("Report", list(reports), format_func=short)
    st.code(graphgrow.job_report(reports[chosen]), language=None, wrap_lines=True)
