"""Paths: how two concepts hang together, hop by hop, which are farthest apart, and what was discovered along them."""

import pandas as pd
import streamlit as st

from graphgrow.api.explorer import Graph, find, hops, k_shortest, longest
from graphgrow_explorer import frames
from graphgrow_explorer.feedback import note
from graphgrow_explorer.panel import certainty, evidence
from graphgrow_explorer.picture import picture
from graphgrow_explorer.text import counted, plain, short
from graphgrow_explorer.views import discoveries
from graphgrow_explorer.workspace import Workspace

FEW = 3_000  # concepts; beyond, a list to choose from is too long to send
LONGEST = 10
SEVERAL = 5  # paths between the same two concepts
HEIGHT = 460
FROM, TO, NEXT, CHOSEN = "from", "to", "next path", "chosen path"


def draw(workspace: Workspace) -> None:
    """Draw the path between two concepts that somebody names, and the longest ones."""
    if len(workspace.graph.concepts) < 2:  # noqa: PLR2004  # a path has two ends
        note("A path needs two concepts: start a run in the view Runs.")
        return
    for name, key in zip((FROM, TO), st.session_state.pop(NEXT, ()), strict=False):
        st.session_state[name] = key
    left, right = st.columns(2)
    with left:
        one = concept(workspace, "From", FROM)
    with right:
        other = concept(workspace, "To", TO)
    if one and other:
        path_between(workspace, one, other)
    else:
        note("Name two concepts to see how they are connected.")
    discoveries.draw(workspace, one, other)

    st.subheader("The longest shortest paths")
    size = len(workspace.graph.concepts)
    if size > frames.LARGE and st.session_state.get("longest") != workspace.url:
        note(f"To find them among {size:,} concepts takes a while.")
        if st.button("Find them"):
            st.session_state["longest"] = workspace.url
            st.rerun()
        return
    note("The concepts that are farthest apart. Choose a row to see its path.")
    distant = workspace.keep("longest", farthest)
    table = pd.DataFrame([row[:4] for row in distant], columns=["hops", "from", "to", "along"])
    seen = st.dataframe(
        table, hide_index=True, key=f"longest paths {workspace.mark}", on_select="rerun", selection_mode="single-row",
        alt="The longest shortest paths", column_config={"hops": st.column_config.NumberColumn(width=60)},
    )  # fmt: skip
    chosen = [row for row in seen.selection.rows if row < len(distant)]
    if chosen != st.session_state.get(CHOSEN, []):
        st.session_state[CHOSEN] = chosen
        if chosen:
            st.session_state[NEXT] = distant[chosen[0]][4:]
            st.rerun()


def concept(workspace: Workspace, label: str, name: str) -> str | None:
    """Ask for a concept and return its key; raises BadInput with the nearest names for one that is not there."""
    with workspace.reading() as graph:
        names = {key: one.name for key, one in graph.concepts.items()}
    if len(names) > FEW:
        typed = st.text_input(label, key=name, bind="query-params", placeholder="name of a concept")
        with workspace.reading() as graph:
            return find(graph, typed) if typed.strip() else None
    chosen: str | None = st.selectbox(
        label, list(names), index=None, format_func=lambda key: short(names.get(key or "", "")), key=name,
        bind="query-params", placeholder="type to search a concept",
    )  # fmt: skip
    return chosen


def path_between(workspace: Workspace, one: str, other: str) -> None:
    """Draw one of the shortest paths between two concepts, whichever way relations point, with its evidence."""
    with workspace.reading() as graph:
        paths = k_shortest(graph, one, other, SEVERAL)
        lines = [f"{counted(len(path) - 1, 'hop')}: {' → '.join(short(graph.name(key)) for key in path)}"
                 for path in paths]  # fmt: skip
    if not paths:
        note("Nothing connects the two yet: they are in different components.")
        return
    place = 0
    if len(paths) > 1:
        place = st.selectbox(
            "Path", range(len(paths)), format_func=lambda at: short(lines[at], 300), key=f"{one} {other}"
        )
        note("Shortest first; ties in alphabetical order.")
    path = paths[place]
    st.text(lines[place])
    nodes, edges = frames.part(workspace, "around", path, 1)
    groups = frames.groups(workspace)
    picture(
        nodes, edges, key=f"path {workspace.url}", height=HEIGHT, path=path,
        settings={"total": len(workspace.graph.concepts), "seq": workspace.graph.seq, "commands": (),
                  "communities": groups.names, "colours": groups.colours},
    )  # fmt: skip
    note("The path, with neighbouring concepts faded.")
    st.subheader("Evidence for every hop")
    with workspace.reading() as graph:
        titled = [(hop, f"{plain(graph.name(hop.one), 50)} to {plain(graph.name(hop.other), 50)}")
                  for hop in hops(graph, path)]  # fmt: skip
    for number, (hop, title) in enumerate(titled, 1):
        with st.expander(f"{number}. {title} ({counted(len(hop.relations), 'relation')})", expanded=number == 1):
            for relation in hop.relations:
                words = f"{plain(graph.name(relation.source), 50)} — {plain(relation.predicate, 50)} — "
                note(f"{words}{plain(graph.name(relation.target), 50)}: {certainty(graph, relation)}")
            st.dataframe(evidence(workspace, *hop.relations), hide_index=True, key=f"hop {number}",
                         alt=f"Evidence for hop {number}")  # fmt: skip


def farthest(graph: Graph) -> list[tuple[int, str, str, str, str, str]]:
    """Return the longest shortest paths: hops, first and last name, all names, first and last key."""
    return [(len(path) - 1, graph.name(path[0]), graph.name(path[-1]), " → ".join(map(graph.name, path)),
             path[0], path[-1]) for path in longest(graph, LONGEST)]  # fmt: skip
