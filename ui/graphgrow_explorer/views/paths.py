"""Paths: how two concepts hang together, step by step, which are farthest apart, and what was discovered along them."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from graphgrow.graph.graph import Graph
from graphgrow.graph.lookup import find
from graphgrow.graph.model import Relation
from graphgrow.reason.paths import hops, k_shortest, longest
from graphgrow_explorer import frames
from graphgrow_explorer.feedback import note
from graphgrow_explorer.panel import evidence
from graphgrow_explorer.picture import picture
from graphgrow_explorer.state import Home
from graphgrow_explorer.text import counted, plain, short
from graphgrow_explorer.views import discoveries

FEW = 3_000  # concepts; beyond, a list to choose from is too long to send
LONGEST = 10
SEVERAL = 5  # paths between the same two concepts
HEIGHT = 460
FROM, TO, NEXT, CHOSEN = "from", "to", "next path", "chosen path"


def draw(home: Home) -> None:
    """Draw the path between two concepts that somebody names, and the longest ones."""
    if len(home.graph.concepts) < 2:  # noqa: PLR2004  # a path has two ends
        note("A path needs two concepts: start a run in the view Runs.")
        return
    for name, key in zip((FROM, TO), st.session_state.pop(NEXT, ()), strict=False):
        st.session_state[name] = key
    left, right = st.columns(2)
    with left:
        one = _concept(home, "From", FROM)
    with right:
        other = _concept(home, "To", TO)
    if one and other:
        _path(home, one, other)
    else:
        note("Name two concepts to see how they are connected.")
    discoveries.draw(home, one, other)
    _longest(home)


def _concept(home: Home, label: str, name: str) -> str | None:
    """Ask for a concept and return its key; raises BadInput with the nearest names for one that is not there."""
    with home.reading() as graph:
        names = {key: concept.name for key, concept in graph.concepts.items()}
    if len(names) > FEW:
        typed = st.text_input(label, key=name, bind="query-params", placeholder="name of a concept")
        with home.reading() as graph:
            return find(graph, typed) if typed.strip() else None
    chosen: str | None = st.selectbox(
        label, list(names), index=None, format_func=lambda key: short(names.get(key or "", "")), key=name,
        bind="query-params", placeholder="type to search a concept",
    )  # fmt: skip
    return chosen


def _path(home: Home, one: str, other: str) -> None:
    """Draw one of the shortest paths between two concepts, whichever way relations point."""
    with home.reading() as graph:
        found = k_shortest(graph, one, other, SEVERAL)
        told = [f"{counted(len(path) - 1, 'step')}: {' → '.join(short(graph.name(key)) for key in path)}"
                for path in found]  # fmt: skip
    if not found:
        note("Nothing connects the two yet: they are in different components.")
        return
    place = 0
    if len(found) > 1:
        place = st.selectbox(
            "Path", range(len(found)), format_func=lambda at: short(told[at], 300), key=f"{one} {other}"
        )
        note("The shortest comes first; of paths as short, the one whose concepts come first in the alphabet.")
    path = found[place]
    st.text(told[place])
    nodes, edges = frames.part(home, "around", path, 1)
    picture(
        nodes, edges, key="path", height=HEIGHT, path=path,
        settings={"total": len(home.graph.concepts), "seq": home.graph.seq, "commands": (),
                  "communities": frames.groups(home).names},
    )  # fmt: skip
    note("The path amid the neighbours of its concepts.")
    _hops(home, path)


def _hops(home: Home, path: Sequence[str]) -> None:
    """Draw the relations along a path, each with what was said."""
    st.subheader("Evidence for every step")
    with home.reading() as graph:
        steps = [(hop, f"{plain(graph.name(hop.one), 50)} to {plain(graph.name(hop.other), 50)}")
                 for hop in hops(graph, path)]  # fmt: skip
    for number, (hop, title) in enumerate(steps, 1):
        how_many = counted(len(hop.relations), "relation")
        with st.expander(f"{number}. {title} ({how_many})", expanded=number == 1):
            st.dataframe(_said(home, hop.relations), hide_index=True, key=f"hop {number}",
                         alt=f"Evidence for step {number}")  # fmt: skip


def _said(home: Home, between: Sequence[Relation]) -> pd.DataFrame:
    return pd.concat([evidence(home, relation) for relation in between], ignore_index=True)


def _longest(home: Home) -> None:
    st.subheader("The longest shortest paths")
    size = len(home.graph.concepts)
    if size > frames.LARGE and st.session_state.get("longest") != home.url:
        note(f"To find them among {size:,} concepts takes a while.")
        if st.button("Find them"):
            st.session_state["longest"] = home.url
            st.rerun()
        return
    note("The concepts that are farthest apart. Choose a row to see its path.")
    found = home.keep("longest", _farthest)
    table = pd.DataFrame([row[:4] for row in found], columns=["steps", "from", "to", "along"])
    seen = st.dataframe(
        table, hide_index=True, key=f"longest paths {home.mark}", on_select="rerun", selection_mode="single-row",
        alt="The longest shortest paths", column_config={"steps": st.column_config.NumberColumn(width=60)},
    )  # fmt: skip
    chosen = [row for row in seen.selection.rows if row < len(found)]
    if chosen != st.session_state.get(CHOSEN, []):
        st.session_state[CHOSEN] = chosen
        if chosen:
            st.session_state[NEXT] = found[chosen[0]][4:]
            st.rerun()


def _farthest(graph: Graph) -> list[tuple[int, str, str, str, str, str]]:
    """Return the longest shortest paths: steps, first and last name, all names, first and last key."""
    return [(len(path) - 1, graph.name(path[0]), graph.name(path[-1]), " → ".join(map(graph.name, path)),
             path[0], path[-1]) for path in longest(graph, LONGEST)]  # fmt: skip
