"""Paths: how two concepts are connected, hop by hop, which are farthest apart, and what was discovered along them."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from graphgrow.api.explorer import TRUSTED, BadInput, Graph, Hop, find, hops, k_shortest, longest, path_through
from graphgrow_explorer import frames
from graphgrow_explorer.feedback import note, problem
from graphgrow_explorer.panel import certainty
from graphgrow_explorer.panel import said as evidence
from graphgrow_explorer.picture import picture
from graphgrow_explorer.search import search_box
from graphgrow_explorer.text import counted, plain, short
from graphgrow_explorer.views import discoveries
from graphgrow_explorer.workspace import Workspace

LONGEST = 10
SEVERAL = 5  # paths between the same two concepts
HEIGHT = 460
NOT_JOINED = "they are in parts of the graph that no relation joins"
CROWD = 80  # neighbours of a path; with more the path is drawn alone, else it would be too small
FROM, TO, VIA, AVOID, CHOSEN = "from", "to", "via", "avoid", "chosen path"


def draw(workspace: Workspace) -> None:
    """Draw the paths between two concepts that somebody names, through some and past others, and the longest ones."""
    if len(workspace.graph.concepts) < 2:  # noqa: PLR2004  # a path has two ends
        note("A path needs two concepts: start a run in the view Runs.")
        return
    left, right = st.columns(2)
    with left:
        one = next(iter(concepts(workspace, "From", FROM, is_single=True)), None)
        via = concepts(workspace, "Through (optional)", VIA)
    with right:
        other = next(iter(concepts(workspace, "To", TO, is_single=True)), None)
        avoid = concepts(workspace, "Not through (optional)", AVOID)
    with workspace.reading() as graph:
        topic = graph.topic_key if graph.topic_key in graph.concepts else ""
        name = graph.name(topic)
    if topic and topic not in {one, other, *via, *avoid} and st.button(
        f"Not through the topic ({plain(name, 40)})", icon=":material/block:", key="avoid topic",
        help="Nearly everything is related to the topic, so that a path through it says little.",
    ):  # fmt: skip
        choose(AVOID, [*avoid, topic])
    sure = TRUSTED if workspace.graph.checks and st.toggle(
        "Trusted relations only", value=True, key="trusted paths",
        help=f"Those of a confidence of {TRUSTED:.0%} or more: others are often wrong.",
    ) else 0.0  # fmt: skip
    if one and other:
        path_between(workspace, one, other, via, avoid, sure)
    else:
        note("Name two concepts to see how they are connected.")
    discoveries.draw(workspace, one, other)

    st.subheader("Concepts farthest apart")
    size = len(workspace.graph.concepts)
    if size > frames.LARGE and st.session_state.get("longest") != workspace.url:
        note(f"To find them among {size:,} concepts takes a while.")
        if st.button("Find them"):
            st.session_state["longest"] = workspace.url
            st.rerun()
        return
    note("Choose a row to see its path.")
    part = frames.trusted(workspace, sure) if sure else None
    distant = workspace.keep(f"longest {sure}", lambda graph: farthest(part or graph))
    table = pd.DataFrame([row[:4] for row in distant], columns=["hops", "from", "to", "along"])
    seen = st.dataframe(
        table, hide_index=True, key=f"longest paths {workspace.mark}", on_select="rerun", selection_mode="single-row",
        alt="Concepts farthest apart", column_config={"hops": st.column_config.NumberColumn(width=60)},
    )  # fmt: skip
    chosen = [row for row in seen.selection.rows if row < len(distant)]
    if chosen != st.session_state.get(CHOSEN, []):
        st.session_state[CHOSEN] = chosen
        if chosen:
            st.query_params[FROM], st.query_params[TO] = distant[chosen[0]][4:]
            st.rerun()


def choose(name: str, keys: Sequence[str]) -> None:
    """Put a choice into the address, so that a link leads to it, and draw the page with it."""
    st.query_params[name] = list(keys)
    st.rerun()


def concepts(workspace: Workspace, label: str, name: str, *, is_single: bool = False) -> list[str]:
    """Ask for a concept, or for several; return the keys of those in the address, however it spells them."""
    keys: list[str] = []
    with workspace.reading() as graph:
        for typed in st.query_params.get_all(name):
            try:
                keys.append(find(graph, typed))
            except BadInput as error:
                problem(str(error))
        names = {key: graph.name(key) for key in keys}
    value = names[keys[0]] if is_single and keys else ""
    found = search_box(workspace, label, f"search {name}", value=value, placeholder="type a name or a part of one")
    if found and found[0] not in keys:
        choose(name, found[:1] if is_single else [*keys, found[0]])
    if keys and not is_single:
        with st.container(horizontal=True, gap="small"):
            for key, shown in names.items():
                if st.button(plain(shown, 40), key=f"drop {name} {key}", icon=":material/close:", help="Leave it out."):
                    choose(name, [one for one in keys if one != key])
    return keys[:1] if is_single else list(dict.fromkeys(keys))


def path_between(  # the fields of the page
    workspace: Workspace, one: str, other: str, via: Sequence[str], avoid: Sequence[str], sure: float
) -> None:
    """Draw one of the shortest paths between two concepts, whichever way relations point, with its evidence.

    Only along relations of at least this confidence, where that is not 0.
    """
    part = frames.trusted(workspace, sure) if sure else None
    with workspace.reading() as whole:
        graph = part or whole
        left_out = [whole.name(key) for key in (one, other, *via) if key not in graph.concepts]
        past = [key for key in avoid if key in graph.concepts]
        paths: list[tuple[str, ...]] = []
        if via and not left_out:
            through = path_through(graph, (one, *via, other), avoid=past)
            paths = [through] if through else []
        elif not left_out:
            paths = k_shortest(graph, one, other, SEVERAL, past)
        lines = [f"{counted(len(path) - 1, 'hop')}: {' → '.join(short(graph.name(key)) for key in path)}"
                 for path in paths]  # fmt: skip
        is_open = bool(avoid) and not left_out and bool(k_shortest(graph, one, other, 1))
        is_hidden = not paths and part is not None and bool(k_shortest(whole, one, other, 1, avoid))
    if not paths:
        why = "every path goes through a concept that you excluded" if is_open else NOT_JOINED
        if left_out or (is_hidden and not is_open):
            why = f"no relation of {short(left_out[0])} is trusted" if left_out else "no trusted path leads there"
            why = f"{why}. Switch off “Trusted relations only” to see the others" if is_hidden else why
        note(f"Nothing connects the two yet: {why}.")
        return
    place = 0
    if len(paths) > 1:
        place = st.selectbox(
            "Path", range(len(paths)), format_func=lambda at: short(lines[at], 300),
            key=f"{one} {other} {avoid} {sure}", help="Shortest first; ties in alphabetical order.",
        )  # fmt: skip
    path = paths[min(place, len(paths) - 1)]
    with workspace.reading() as whole:
        graph = part or whole
        steps = hops(graph, path)
        way = "".join(f"  {said(hop)}  {short(graph.name(hop.other))}" for hop in steps)
        st.text(f"{counted(len(steps), 'hop')}: {short(graph.name(path[0]))}{way}")
        around = len({near for key in path for near in graph.neighbours[key]} - {*path})
    nodes, edges = frames.part(workspace, "around", path, 1 if around <= CROWD else 0, confidence=sure)
    groups = frames.groups(workspace)
    picture(
        nodes, edges, key=f"path {workspace.url}", height=HEIGHT, path=path,
        settings={"total": len(workspace.graph.concepts), "seq": workspace.graph.seq, "commands": (),
                  "communities": groups.names, "colours": groups.colours,
                  "trusted": TRUSTED if workspace.graph.checks else 0},
    )  # fmt: skip
    note(
        "The path, with neighbouring concepts faded." if around <= CROWD else "The path alone: it has many neighbours."
    )
    st.subheader("Evidence for every hop")
    with workspace.reading() as graph:
        titled = [(hop, f"{plain(graph.name(hop.one), 50)} to {plain(graph.name(hop.other), 50)}") for hop in steps]
    for number, (hop, title) in enumerate(titled, 1):
        with st.expander(f"{number}. {title} ({counted(len(hop.relations), 'relation')})", expanded=number == 1):
            for at, relation in enumerate(hop.relations):
                with workspace.reading() as graph:
                    words = f"{graph.name(relation.source)} — {relation.predicate} — {graph.name(relation.target)}"
                    said_of = certainty(graph, relation)
                st.markdown(f"**{plain(words, 160)}**")
                note(said_of)
                evidence(workspace, f"hop {number} {at}", relation)


def said(hop: Hop) -> str:
    """Return the first relation of a hop as an arrow with its predicate."""
    first = hop.relations[0]
    words = short(first.predicate, 40)
    return f"—{words}→" if first.source == hop.one else f"←{words}—"


def farthest(graph: Graph) -> list[tuple[int, str, str, str, str, str]]:
    """Return the longest shortest paths: hops, first and last name, all names, first and last key."""
    return [(len(path) - 1, graph.name(path[0]), graph.name(path[-1]), " → ".join(map(graph.name, path)),
             path[0], path[-1]) for path in longest(graph, LONGEST)]  # fmt: skip
