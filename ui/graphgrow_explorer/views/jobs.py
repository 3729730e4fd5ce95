"""Schedules: the jobs of a file, when each ran last and will run next, and what its runs reported."""

import os
from pathlib import Path

import pandas as pd
import streamlit as st

from graphgrow.batch.reports import markdown
from graphgrow.batch.status import JobStatus, overview
from graphgrow.errors import GraphgrowError
from graphgrow_explorer.feedback import note, problem
from graphgrow_explorer.serve import JOBS
from graphgrow_explorer.text import short

PULSE = 5.0  # seconds


@st.fragment(run_every=PULSE)
def draw() -> None:
    """Draw the jobs of the file that the explorer was started with."""
    named = os.environ.get(JOBS, "")
    if not named:
        note("Start the explorer with  graphgrow explore --jobs JOBS.toml  to see its jobs here.")
        return
    try:
        found = overview(Path(named))
    except GraphgrowError as error:
        problem(str(error))
        return
    rows = [(one.name, one.schedule, one.last_due, one.last_outcome, one.next_due, one.now) for one in found]
    names = ["job", "schedule", "last due", "outcome", "next due", "now"]
    st.dataframe(pd.DataFrame(rows, columns=names), hide_index=True, key="jobs", alt="The jobs and when they run")
    _reports(found)


def _reports(found: list[JobStatus]) -> None:
    """Let the reader choose a run, and show its report as the text that it is."""
    told = {f"{report.job}, due {report.due}": report for one in found for report in one.reports}
    if not told:
        note("No run has ended yet.")
        return
    chosen = st.selectbox("Report", list(told), format_func=short)
    st.code(markdown(told[chosen]), language=None, wrap_lines=True)
