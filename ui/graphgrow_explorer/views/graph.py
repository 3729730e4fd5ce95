"""The graph: its picture, what is known of the concept that was clicked, and everything shown as tables and files."""

from collections.abc import Sequence
from functools import partial
from typing import get_args

import pandas as pd
import streamlit as st

from graphgrow.api import edits
from graphgrow_explorer import frames, runs
from graphgrow_explorer.feedback import decide, decide_all, guarded, note, perform
from graphgrow_explorer.files import downloads
from graphgrow_explorer.frames import LARGE, Show
from graphgrow_explorer.live import address
from graphgrow_explorer.news import listen
from graphgrow_explorer.panel import overview, panel
from graphgrow_explorer.picture import picture
from graphgrow_explorer.workspace import REASON, Workspace

HEIGHT = 660
LABELS: dict[str, str] = {
    "everything": "Everything",
    "top": f"Top {frames.TOP:,}",
    "around": "Around the selection",
    "communities": "Communities",
}
EMPTY = "Nothing here yet: start a run in the view Runs, and watch the first concepts come."
SELECTED = "concept"
COMMANDS = ("expand", "merge", "reject")  # those that the picture has a button for


def draw(workspace: Workspace) -> None:
    """Draw the picture with its panel, and the tables below; beyond LARGE concepts a part, unless somebody asks."""
    with workspace.reading() as graph:
        first: Show = "top" if len(graph.concepts) > LARGE else "everything"
    options: tuple[Show, ...] = get_args(Show)
    left, right, end = st.columns([5, 2, 2], vertical_alignment="bottom")
    with left:
        show = st.segmented_control(
            "Show", options, default=first, required=True, format_func=lambda name: LABELS[name],
            key="show", bind="query-params", label_visibility="collapsed",
        )  # fmt: skip
    depth = 1
    if show == "around":
        with right:
            depth = st.segmented_control(
                "Relations away", (1, 2, 3), default=2, required=True, key="depth", bind="query-params",
                format_func=lambda hops: f"{hops} away", label_visibility="collapsed",
            )  # fmt: skip
    with end:
        confidence = st.slider(
            "Confidence at least", 0, 100, 0, 5, format="%d %%", key="confidence", bind="query-params",
            disabled=show == "communities", help="Leave out relations that the graph is less sure of.",
        ) / 100  # fmt: skip
    _watch(workspace, live=show == "everything" and not confidence)
    _drawn(workspace, show, depth, confidence)


def select(keys: Sequence[str]) -> None:
    """Put the selection into the address, so that a link leads to it."""
    if list(keys) != st.query_params.get_all(SELECTED):
        st.query_params[SELECTED] = list(keys)


def show_concept(key: str) -> None:
    """Select a concept and draw the page with it."""
    select([key])
    st.rerun()


@st.fragment
@guarded
def _watch(workspace: Workspace, *, live: bool) -> None:
    """Draw the page anew when a picture of a part is out of date; that of everything hears news by itself."""
    listen(workspace, "part")
    mark = workspace.mark
    drawn = st.session_state.get("part drawn")
    st.session_state["part drawn"] = mark
    if not live and drawn and drawn != mark:
        st.rerun()


@st.fragment
@guarded
def _drawn(workspace: Workspace, show: Show, depth: int, confidence: float) -> None:
    """Draw the picture and what goes with it; a click draws no more than this anew."""
    groups = frames.groups(workspace)
    with workspace.reading() as graph:
        here = [key for key in st.query_params.get_all(SELECTED) if key in graph.concepts]
        if show == "around" and not here and graph.concepts:
            here = [max(graph.concepts, key=graph.degree)]
        settings: dict[str, object] = {
            "total": len(graph.concepts), "seq": graph.seq, "communities": groups.names, "commands": COMMANDS,
            "empty": EMPTY,
        }  # fmt: skip
    if show == "communities":
        settings |= {"total": len(groups.names), "noun": "communities", "commands": ()}
    nodes, edges = frames.part(workspace, show, here, depth, confidence)
    left, right = st.columns([7, 3], gap="medium")
    with left:
        seen = picture(
            nodes, edges, key=f"picture-{show}", height=HEIGHT, selected=here, settings=settings,
            feed=address(workspace) if show == "everything" and not confidence else "",
        )  # fmt: skip
    if show != "communities" and list(seen.selected) != here:
        select(seen.selected)
        here = list(seen.selected)
        if show == "around":
            st.rerun(scope="fragment")
    match seen.command:
        case "reject", (_, *_) as keys:
            decide_all(workspace, [partial(edits.reject, name=key, reason=REASON) for key in keys])
        case "merge", (one, other, *_):
            decide(workspace, edits.merge, one, other, reason=REASON)
        case "expand", (_, *_) as keys:
            perform(lambda: runs.expand(workspace, *keys[:2]))
    with right:
        chosen = here
        if show == "communities":  # the leading concept of the one that was clicked
            leading = {f"community {one.number}": one.name[0] for one in groups.communities}
            chosen = [leading[key] for key in seen.selected[:1] if key in leading]
        if not panel(workspace, chosen):
            overview(workspace, show_concept)
    if show != "communities":
        _tables(workspace, nodes, edges)
    downloads(workspace, set(nodes["key"]) if show in {"top", "around"} else None, confidence)


def _tables(workspace: Workspace, nodes: pd.DataFrame, edges: pd.DataFrame) -> None:
    """Draw what the picture shows as tables, sorted by a click on a column's name."""
    total = len(frames.nodes(workspace))
    concepts, relations = st.tabs([f"Concepts ({len(nodes):,})", f"Relations ({len(edges):,})"])
    names = dict(zip(nodes["key"], nodes["name"], strict=True))
    with concepts:
        note(f"Showing {len(nodes):,} of {total:,} concepts. Click a column to sort; choose rows to select concepts.")
        columns = [name for name in nodes.columns if name not in {"key", "x", "y", "size"}]
        seen = st.dataframe(
            nodes[columns].rename(columns={"first_seq": "step"}), hide_index=True, height=320,
            key=f"concepts {workspace.graph.decisions}", on_select="rerun", selection_mode="multi-row",
            alt="The concepts of the picture",
            column_config={"name": st.column_config.TextColumn("concept", width="large")},
        )  # fmt: skip
        chosen = [str(nodes["key"].iloc[row]) for row in seen.selection.rows if row < len(nodes)]
        if chosen and st.session_state.get("chosen rows") != chosen:
            st.session_state["chosen rows"] = chosen
            select(chosen)
            st.rerun(scope="fragment")
    with relations:
        table = pd.DataFrame({
            "source": [names[key] for key in edges["source"]], "predicate": list(edges["predicate"]),
            "target": [names[key] for key in edges["target"]], "support": list(edges["support"]),
            "confidence": list(100 * edges["confidence"]), "step": list(edges["first_seq"]),
        })  # fmt: skip
        st.dataframe(
            table, hide_index=True, height=320, key="relations", alt="The relations of the picture",
            column_config={"confidence": st.column_config.NumberColumn(format="%.0f %%")},
        )  # fmt: skip
