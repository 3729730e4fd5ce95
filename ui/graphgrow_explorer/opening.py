"""Which graph the page is about: the address says, or the first page asks."""

import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pandas as pd
import streamlit as st

from graphgrow.errors import BadInput, GraphgrowError
from graphgrow.growth.replay import recording, replay
from graphgrow.growth.topic import check
from graphgrow.resolve.options import open_resolver
from graphgrow.stores import open_store
from graphgrow_explorer import runs
from graphgrow_explorer.feedback import attempt, note, perform, problem
from graphgrow_explorer.serve import SHARED, STORE
from graphgrow_explorer.state import Home, homes, is_server, shown
from graphgrow_explorer.text import plain

EXAMPLE = "example.jsonl.gz"
CHECKOUT = Path("data", "runs", "impact-resistant-materials.jsonl.gz")
ENDINGS = (".db", ".sqlite", ".sqlite3")
LISTED = 200
ROWS, OTHER = "files", "other file"  # keys of the choices


def opened() -> Home | None:
    """Return the store that the address names; None where the page asks for one instead."""
    url = st.query_params.get("store") or st.session_state.get("store", os.environ.get(STORE, ""))
    if not url:
        first_page()
        return None
    try:
        is_allowed = _is_allowed(url)
    except GraphgrowError as error:
        problem(str(error))
        first_page()
        return None
    if not is_allowed:
        _confirm(url)
        return None
    try:
        home = homes().open(url)
    except GraphgrowError as error:
        _missing(url, str(error))
        return None
    st.session_state["store"] = home.url
    if st.query_params.get("store") != home.url:
        st.query_params["store"] = home.url
    return home


def _is_allowed(url: str) -> bool:
    """Tell whether an address may be opened unasked: anybody may have written a link that leads here.

    A server would be sent the password of the environment.
    """
    _inside(url)
    return homes().knows(url) or not is_server(url)


def _inside(url: str) -> None:
    """Raise BadInput for what nobody may open: where others use this page, servers and files outside the folder.

    What is open already, or what the explorer was started for, stays open to all.
    """
    if "\0" in url:
        raise BadInput("an address with a null character leads to no graph")
    if not os.environ.get(SHARED) or homes().knows(url) or shown(url) == os.environ.get(STORE):
        return
    if is_server(url):
        raise BadInput("where others use this page, only whoever started it opens a graph on a server")
    path = Path(shown(url).removeprefix("sqlite:")).resolve()
    if not path.is_relative_to(Path.cwd()):
        raise BadInput(f"{path} is outside the folder that is served: start the explorer in its folder")


def _confirm(url: str) -> None:
    st.subheader("A graph on a server")
    st.text(f"This link leads to {shown(url)}. Opening it sends that server your user name and password.")
    if st.button("Open it", type="primary"):
        perform(lambda: go(url))
    if st.button("Choose another graph"):
        leave()


def go(url: str) -> str:
    """Make a store the one that the page is about; raises BadInput or StoreError where it cannot be opened."""
    _inside(url)
    home = homes().open(url)
    st.session_state["store"] = st.query_params["store"] = home.url
    return f"Opened {home.url}"


def leave() -> None:
    """Go back to the first page."""
    st.session_state["store"] = ""
    st.query_params.clear()
    st.rerun()


def _missing(url: str, why: str) -> None:
    """Say why a graph cannot be opened, or wait for the first event of one that has just been begun."""
    try:
        begun = runs.runs(shown(url))
    except GraphgrowError:
        begun = []
    if begun and begun[0].is_alive:
        _waiting(url)
        return
    problem(begun[0].said if begun and begun[0].said else why)
    first_page()


@st.fragment(run_every=1.0)
def _waiting(url: str) -> None:
    st.subheader("The first question is on its way")
    note("The page shows the graph as soon as the model has answered. A local model takes a while to load.")
    if not runs.runs(shown(url))[0].is_alive or Path(shown(url).removeprefix("sqlite:")).exists():
        st.rerun()


def first_page() -> None:
    """Ask for a graph: a file of this folder, an address, the example, or a new one."""
    st.title("graphgrow")
    note("Open a graph and watch it grow, or begin a new one.")
    left, right = st.columns(2, gap="large")
    with left:
        _files()
    with right:
        _new()
        _by_address()
        _example()


def _files() -> None:
    st.subheader("Graphs in this folder")
    found = list(files())
    if not found:
        note(f"There is no graph file in {Path.cwd()} yet.")
        return
    table = pd.DataFrame(found, columns=["file", "size", "changed"])
    st.dataframe(
        table, hide_index=True, selection_mode="single-row", key=ROWS,
        on_select=partial(_open_row, [name for name, *_ in found]),
        column_config={"size": st.column_config.NumberColumn("size", format="bytes"),
                       "changed": st.column_config.DatetimeColumn("changed", format="YYYY-MM-DD HH:mm")},
        alt="Graph files of this folder",
    )  # fmt: skip
    note("Choose a row to open it.")


def _open_row(names: Sequence[str]) -> None:
    """Open the file of the row that was chosen just now."""
    if rows := st.session_state[ROWS]["selection"]["rows"]:
        attempt(lambda: go(f"sqlite:{names[rows[0]]}"))


def files() -> Iterator[tuple[str, int, datetime]]:
    """Yield name, size in bytes and time of change of the database files in this folder, the newest first."""
    found = [path for path in Path.cwd().iterdir() if path.suffix in ENDINGS and path.is_file()]
    for path in sorted(found, key=lambda path: -path.stat().st_mtime)[:LISTED]:
        about = path.stat()
        yield path.name, about.st_size, datetime.fromtimestamp(about.st_mtime, UTC)


def _by_address() -> None:
    with st.form("address", border=True):
        st.markdown("**Open by address**")
        url = st.text_input(
            "Path or store URL", placeholder="neo4j://localhost:7687?graph=NAME", label_visibility="collapsed"
        )
        if st.form_submit_button("Open") and url.strip():
            perform(lambda: go(url.strip()))


def _new() -> None:
    with st.form("new", border=True):
        st.markdown("**Begin a new graph**")
        topic = st.text_input("Topic", placeholder="impact resistant materials")
        name = st.text_input("File", value="graph.db")
        if st.form_submit_button("Begin", type="primary"):
            perform(lambda: begin(topic, name))


def begin(topic: str, name: str) -> str:
    """Begin a graph in a file of this folder, in the background; raises BadInput for a topic or file that is none."""
    if not topic.strip():
        raise BadInput("a new graph needs a topic: say what it is about")
    check(topic)
    path = Path(name.strip())
    if path.name != str(path) or path.suffix not in ENDINGS or path.exists():
        raise BadInput(f"{name!r} is no name for a new file in this folder: it ends in .db and is not there yet")
    url = f"sqlite:{path}"
    runs.start(url, runs.Wanted(topic=topic.strip()))
    st.session_state["store"] = st.query_params["store"] = url
    return "The run has begun"


def _example() -> None:
    if recorded() is None:
        return
    with st.container(border=True):
        st.markdown("**Look at an example**")
        note("A recorded run about impact-resistant materials: 300 questions to a small local model.")
        if st.button("Open the example"):
            perform(example)


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
        with closing(open_store(f"sqlite:{path}", create=True)) as store:
            for _ in replay(recording(source), store, open_resolver()):
                pass
    return go(f"sqlite:{path}")


def switcher(home: Home) -> None:
    """Draw the choice of another graph."""
    st.text(home.url.removeprefix("sqlite:"))
    others = [name for name, *_ in files() if f"sqlite:{name}" != home.url]
    if others:
        st.selectbox("Another graph of this folder", others, index=None, placeholder="choose a file", key=OTHER,
                     on_change=_open_other)  # fmt: skip
    if st.button("All graphs…", width="stretch", help=plain("Go to the first page.")):
        leave()


def _open_other() -> None:
    """Open the file that was chosen just now; the choice is empty again afterwards."""
    chosen, st.session_state[OTHER] = st.session_state[OTHER], None
    if chosen:
        attempt(lambda: go(f"sqlite:{chosen}"))
