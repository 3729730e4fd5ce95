"""The graph: its picture, what is known of the concept that was clicked, and everything shown as tables and files."""

from collections.abc import Sequence
from typing import get_args

import pandas as pd
import streamlit as st

from graphgrow_explorer import acting, frames, steering
from graphgrow_explorer.feedback import guarded, note, perform
from graphgrow_explorer.files import downloads
from graphgrow_explorer.frames import LARGE, Show
from graphgrow_explorer.live import address
from graphgrow_explorer.panel import overview, panel
from graphgrow_explorer.picture import picture
from graphgrow_explorer.state import Home

HEIGHT = 660
LABELS: dict[str, str] = {
    "everything": "Everything",
    "top": f"Top {frames.TOP:,}",
    "around": "Around the selection",
    "communities": "Communities",
}
EMPTY = "Nothing here yet: start a run in the view Runs, and watch the first concepts come."
NEWS = 1.5  # seconds; how often a part of a graph looks whether it is out of date
SELECTED = "concept"


def draw(home: Home) -> None:
    """Draw the picture with its panel, and the tables below."""
    show, depth = _chosen(home)
    _watch(home, live=show == "everything")
    _drawn(home, show, depth)


def selected() -> list[str]:
    """Return the keys that are selected, as the address holds them."""
    return st.query_params.get_all(SELECTED)


def select(keys: Sequence[str]) -> None:
    """Put the selection into the address, so that a link leads to it."""
    if list(keys) != selected():
        st.query_params[SELECTED] = list(keys)


def _show(key: str) -> None:
    """Select a concept and draw the page with it."""
    select([key])
    st.rerun()


def _chosen(home: Home) -> tuple[Show, int]:
    """Return what is to be shown; beyond LARGE concepts not everything, unless somebody asks for it."""
    with home.reading() as graph:
        first: Show = "top" if len(graph.concepts) > LARGE else "everything"
    options: tuple[Show, ...] = get_args(Show)
    left, right = st.columns([3, 1], vertical_alignment="bottom")
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
                format_func=lambda steps: f"{steps} away", label_visibility="collapsed",
            )  # fmt: skip
    return show, depth


@st.fragment(run_every=NEWS)
@guarded
def _watch(home: Home, *, live: bool) -> None:
    """Draw the page anew when a picture of a part is out of date; that of everything hears news by itself."""
    mark = home.mark
    drawn = st.session_state.get("part drawn")
    st.session_state["part drawn"] = mark
    if not live and drawn and drawn != mark:
        st.rerun()


@st.fragment
@guarded
def _drawn(home: Home, show: Show, depth: int) -> None:
    here = [key for key in selected() if key in home.graph.concepts]
    if show == "around" and not here:
        here = _hub(home)
    nodes, edges = frames.part(home, show, here, depth)
    left, right = st.columns([7, 3], gap="medium")
    with left:
        seen = picture(
            nodes, edges, key=f"picture-{show}", height=HEIGHT, selected=here, settings=_settings(home, show),
            feed=address(home) if show == "everything" else "",
        )  # fmt: skip
    if show != "communities" and list(seen.selected) != here:
        select(seen.selected)
        here = list(seen.selected)
        if show == "around":
            st.rerun(scope="fragment")
    if seen.command:
        _obey(home, *seen.command)
    with right:
        chosen = _members(home, seen.selected) if show == "communities" else here
        if not panel(home, chosen):
            overview(home, _show)
    if show != "communities":
        _tables(home, nodes, edges)
    downloads(home, set(nodes["key"]) if show in {"top", "around"} else None)


def _settings(home: Home, show: Show) -> dict[str, object]:
    with home.reading() as graph:
        total, seq = len(graph.concepts), graph.seq
    names = frames.groups(home).names
    if show == "communities":
        return {"total": len(names), "seq": seq, "communities": names, "noun": "communities", "commands": (),
                "empty": EMPTY}  # fmt: skip
    commands = ("expand", *acting.COMMANDS)
    return {"total": total, "seq": seq, "communities": names, "commands": commands, "empty": EMPTY}


def _hub(home: Home) -> list[str]:
    """Return the concept with most neighbours."""
    with home.reading() as graph:
        return [max(graph.concepts, key=graph.degree)] if graph.concepts else []


def _members(home: Home, chosen: Sequence[str]) -> list[str]:
    """Return the leading concept of a community that was clicked."""
    numbers = {f"community {one.number}": one for one in frames.groups(home).communities}
    return [numbers[key].name[0] for key in chosen[:1] if key in numbers]


def _obey(home: Home, command: str, keys: tuple[str, ...]) -> None:
    """Do what a button of the picture asks for."""
    if command == "reject" and keys:
        perform(lambda: acting.reject(home, *keys))
    if command == "merge" and len(keys) > 1:
        perform(lambda: acting.merge(home, keys[0], keys[1]))
    if command == "expand" and keys:
        perform(lambda: steering.expand(home, *keys[:2]))


def _tables(home: Home, nodes: pd.DataFrame, edges: pd.DataFrame) -> None:
    """Draw what the picture shows as tables, sorted by a click on a column's name."""
    total = len(frames.nodes(home))
    concepts, relations = st.tabs([f"Concepts ({len(nodes):,})", f"Relations ({len(edges):,})"])
    names = dict(zip(nodes["key"], nodes["name"], strict=True))
    with concepts:
        note(f"Showing {len(nodes):,} of {total:,} concepts. Click a column to sort; choose rows to select concepts.")
        columns = [name for name in nodes.columns if name not in {"key", "x", "y", "size"}]
        seen = st.dataframe(
            nodes[columns].rename(columns={"first_seq": "event"}), hide_index=True, height=320,
            key=f"concepts {home.graph.decisions}", on_select="rerun", selection_mode="multi-row",
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
            "event": list(edges["first_seq"]),
        })  # fmt: skip
        st.dataframe(table, hide_index=True, height=320, key="relations", alt="The relations of the picture")
