"""Which graph the page is about: the address says, or the first page asks."""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pandas as pd
import streamlit as st
from streamlit.errors import StreamlitAPIException

from graphgrow import GraphgrowError
from graphgrow.api.explorer import DEFAULT_STEPS, BadInput, check_topic, replay_run, store_url
from graphgrow_explorer import runs
from graphgrow_explorer.feedback import attempt, note, perform, problem
from graphgrow_explorer.models import check_model, model_fields
from graphgrow_explorer.serve import SHARED, STORE
from graphgrow_explorer.text import STEP, counted, plain
from graphgrow_explorer.workspace import WHOLE, Workspace, is_server, shown, workspaces

NO_RUN = runs.RunOptions()
EXAMPLE = "example.jsonl.gz"
CHECKOUT = Path("data", "runs", "impact-resistant-materials-knowledge.jsonl.gz")
ENDINGS = (".db", ".sqlite", ".sqlite3")
LISTED = 200
WRITTEN = 1_000  # characters of the first reply while it comes
CONCEPTS_A_SECOND, CONCEPTS_A_GB = 3_000, 250_000  # read from a log, by docs/benchmarks.md
ROWS, OTHER = "files", "other file"  # keys of the choices


def opened() -> Workspace | None:
    """Return the store that the address names; None where the page asks for one instead.

    Anybody may have written a link that leads here, and a server would be sent the password of the environment: it
    opens what the command line names, what stands in this folder, and what somebody here has chosen before.
    """
    url = st.query_params.get("store") or st.session_state.get("store", os.environ.get(STORE, ""))
    if not url:
        first_page()
        return None
    try:
        _check_allowed(url)
    except GraphgrowError as error:
        problem(str(error))
        first_page()
        return None
    try:
        workspace = workspaces().open(url)
    except GraphgrowError as error:
        try:
            begun = runs.runs(shown(url))[:1]
        except GraphgrowError:
            begun = []
        if begun and begun[0].is_alive:
            _waiting(url)
        else:
            problem(begun[0].message if begun and begun[0].message else str(error))
            first_page()
        return None
    st.session_state["store"] = workspace.url
    if st.query_params.get("store") != workspace.url:
        st.query_params["store"] = workspace.url
    if workspace.index and not workspace.extent.seq:
        _indexing(workspace)
        return None
    if not workspace.mark[0] and workspace.is_file and any(run.is_alive for run in runs.runs(workspace.url)[:1]):
        _waiting(workspace.url)  # the file is there before the first reply
        return None
    return workspace


def _check_allowed(url: str) -> None:
    """Raise BadInput for what no link may open: servers and files outside the folder, unless known here already."""
    if "\0" in url:
        raise BadInput("an address with a null character leads to no graph")
    if workspaces().knows(url) or shown(url) == os.environ.get(STORE):
        return
    if is_server(url):
        who = "a visitor" if os.environ.get(SHARED) else "a link"
        raise BadInput(f"{who} cannot open a graph on a server: {by_hand(shown(url))}")
    try:
        path = (store_url(url).path or Path()).resolve()
    except (OSError, RuntimeError):
        raise BadInput(f"{shown(url)} is a symbolic link that leads to no file") from None
    if not path.is_relative_to(Path.cwd()):
        raise BadInput(f"{path} is outside the folder that the explorer was started in: {by_hand(str(path))}")


def by_hand(place: str) -> str:
    """Return how to open a graph that no link may open; where others use the page, only whoever started it can."""
    if os.environ.get(SHARED):
        return "ask the person who started the explorer to start it with this graph, or in the folder of the graph"
    return f"type its address below, or start  graphgrow explore {place}"


@st.fragment(run_every=1.0)
def _waiting(url: str) -> None:
    """Wait for the first step of a graph that has just been begun: who is asked, since when, with a way out."""
    run = runs.runs(shown(url))[0]
    with suppress(GraphgrowError):  # it is not there yet
        if workspaces().open(url).mark[0]:
            st.rerun()
    if not run.is_alive:
        st.rerun()
    st.subheader("The first question is on its way")
    seconds = (datetime.now(UTC) - datetime.fromisoformat(run.at)).total_seconds()
    asked = plain(runs.asked(shown(url)))
    st.status(f"Asking {asked} about {plain(run.options.topic)} — {max(0, seconds):.0f} s", state="running")
    if written := runs.written(shown(url), run.name):
        st.text(written[-WRITTEN:])
    most = f"at most {run.options.usd:g} USD" if run.options.usd is not None else "at most 1 USD if the price is known"
    note(f"{counted(run.options.steps, 'step')}, {most}. The page shows the graph as soon as the model has answered."
         " A local model takes a while to load.")  # fmt: skip
    with st.container(horizontal=True):
        if st.button("Cancel", key="cancel run", icon=":material/stop:") and run.state == "running":
            perform(lambda: runs.stop(shown(url), run.name))
        if st.button("Back to all graphs", key="back", help="The run goes on."):
            leave()


@st.fragment(run_every=1.0)
def _indexing(workspace: Workspace) -> None:
    """Wait for the index of a large graph, which is made once."""
    workspace.make_index()
    with suppress(GraphgrowError):
        if workspace.refresh()[0] or not workspace.index:
            st.rerun()
    st.subheader(f"A graph of more than {WHOLE:,} concepts")
    if workspace.problem:
        problem(workspace.problem)
    else:
        st.status("Building a search index (names and relations)", state="running")
        note("It is made once, in about 20 seconds for a million concepts, and kept in a file beside the graph.")
    with st.container(horizontal=True):
        load_button(workspace)
        if st.button("Back to all graphs", key="back"):
            leave()


def load_button(workspace: Workspace) -> None:
    """Offer to load the whole graph into memory, and say what that costs."""
    count = max(WHOLE, workspace.extent.concepts)
    help_ = f"About {count / CONCEPTS_A_SECOND:,.0f} seconds and {count / CONCEPTS_A_GB:.1f} GB of memory."
    if st.button("Load the whole graph", key="load whole", icon=":material/memory:", help=help_):
        with st.spinner("Reading every step of the log…"):
            workspace.load()
        st.rerun()


def go(url: str) -> str:
    """Make a store the one that the page is about, which somebody here has chosen.

    Raises BadInput or StoreError where it cannot be opened; where others use the page too, also for what no link may
    open.
    """
    if os.environ.get(SHARED) or "\0" in url:
        _check_allowed(url)
    workspace = workspaces().open(url)
    st.session_state["store"] = st.query_params["store"] = workspace.url
    return f"Opened {workspace.url}"


def leave() -> None:
    """Go back to the first page; what a widget has put into the address goes with the widget."""
    st.session_state["store"] = ""
    for name in list(st.query_params):
        with suppress(StreamlitAPIException):  # bound to a widget of the view that is left
            del st.query_params[name]
    st.rerun()


def first_page() -> None:
    """Ask for a graph: a file of this folder, an address, the example, or a new one."""
    st.title("graphgrow")
    note("Open a graph and watch it grow, or begin a new one.")
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Graphs in this folder")
        graphs = list(files())
        if graphs:
            st.dataframe(
                pd.DataFrame(graphs, columns=["file", "size", "changed"]), hide_index=True, key=ROWS,
                selection_mode="single-row", on_select=partial(open_row, [name for name, *_ in graphs]),
                column_config={"size": st.column_config.NumberColumn("size", format="bytes"),
                               "changed": st.column_config.DatetimeColumn("changed", format="YYYY-MM-DD HH:mm")},
                alt="Graph files of this folder",
            )  # fmt: skip
            note("Choose a row to open it.")
        else:
            note(f"There is no graph file in {Path.cwd()} yet.")
    with right:
        with st.form("new", border=True):
            st.markdown("**Begin a new graph**")
            topic = st.text_input("Topic", placeholder="impact resistant materials")
            name = st.text_input("File", value=free_name())
            model = model_fields("begin", runs.RunOptions())
            left, right = st.columns(2)
            steps = left.number_input("Steps", min_value=1, value=DEFAULT_STEPS, help=STEP)
            usd = right.number_input(
                "Spending limit (USD)", min_value=0.0, value=None, placeholder="1 if the price is known"
            )
            if st.form_submit_button("Begin", type="primary"):
                perform(lambda: begin(topic, name, replace(model, steps=int(steps), usd=usd)))
        with st.form("address", border=True):
            st.markdown("**Open by address**")
            url = st.text_input(
                "Path or store URL", placeholder="neo4j://localhost:7687?graph=NAME", label_visibility="collapsed"
            )
            if st.form_submit_button("Open") and url.strip():
                perform(lambda: go(url.strip()))
        if recorded():
            with st.container(border=True):
                st.markdown("**Look at an example**")
                note("A recorded run about impact-resistant materials: 300 questions to a small local model.")
                if st.button("Open the example"):
                    perform(example)


def open_row(names: Sequence[str]) -> None:
    """Open the file of the row that was chosen just now."""
    if rows := st.session_state[ROWS]["selection"]["rows"]:
        attempt(lambda: go(f"sqlite:{names[rows[0]]}"))


def files() -> Iterator[tuple[str, int, datetime]]:
    """Yield name, size in bytes and time of change of the database files in this folder, the newest first."""
    paths = [path for path in Path.cwd().iterdir() if path.suffix in ENDINGS and path.is_file()]
    for path in sorted(paths, key=lambda path: -path.stat().st_mtime)[:LISTED]:
        about = path.stat()
        yield path.name, about.st_size, datetime.fromtimestamp(about.st_mtime, UTC)


def free_name() -> str:
    """Return a name for a new file of this folder that none has yet."""
    names = ("graph.db", *(f"graph-{number}.db" for number in range(2, LISTED)))
    return next((name for name in names if not Path(name).exists()), "")


def begin(topic: str, name: str, options: runs.RunOptions = NO_RUN) -> str:
    """Begin a graph in a file of this folder, in the background; raises BadInput for an invalid topic or file."""
    if not topic.strip():
        raise BadInput("a new graph needs a topic: say what it is about")
    check_topic(topic)
    path = Path(name.strip())
    if path.name != str(path) or path.suffix not in ENDINGS:
        raise BadInput(f"{name!r} cannot be a file of this folder: choose a name ending in .db")
    if path.exists():
        raise BadInput(f"{path} already exists: choose another name ending in .db")
    check_model(options)
    url = f"sqlite:{path}"
    runs.start(url, replace(options, topic=topic.strip()))
    st.session_state["store"] = st.query_params["store"] = url
    return "The run has begun"


def recorded() -> Path | None:
    """Return the recorded run: in the package, or in the checkout that this is run from."""
    here = Path(__file__).resolve().parent
    return next((path for path in (here / EXAMPLE, here.parent.parent / CHECKOUT) if path.is_file()), None)


def example() -> str:
    """Replay the recorded run into example.db of this folder, unless it is there, and open it."""
    path, source = Path("example.db"), recorded()
    if source is None:
        raise BadInput("the recorded run is not installed here")
    if not path.exists():
        replay_run(source, f"sqlite:{path}").close()
    return go(f"sqlite:{path}")


def switcher(workspace: Workspace) -> None:
    """Draw the choice of another graph."""
    st.text(store_url(workspace.url).short)
    others = [name for name, *_ in files() if f"sqlite:{name}" != workspace.url]
    if others:
        st.selectbox("Another graph of this folder", others, index=None, placeholder="choose a file", key=OTHER,
                     on_change=open_other)  # fmt: skip
    if st.button("All graphs…", width="stretch", help=plain("Go to the first page.")):
        leave()


def open_other() -> None:
    """Open the file that was chosen just now; the choice is empty again afterwards."""
    chosen, st.session_state[OTHER] = st.session_state[OTHER], None
    if chosen:
        attempt(lambda: go(f"sqlite:{chosen}"))
