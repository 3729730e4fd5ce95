"""What a page shows of a graph that is too large for memory: a part, what is known of a concept, and what it lacks.

All of it comes from the store's index. What needs every step of the log is there once somebody loads the whole graph.
"""

import pandas as pd
import streamlit as st

from graphgrow.api.explorer import GraphIndex, IndexedConcept, Relation, qualifiers_in_words
from graphgrow_explorer import parts
from graphgrow_explorer.feedback import guarded, note, visit
from graphgrow_explorer.first import EMPTY
from graphgrow_explorer.first import HEIGHT as PICTURE
from graphgrow_explorer.news import listen
from graphgrow_explorer.opening import load_button
from graphgrow_explorer.panel import HEIGHT, NOBODY, links, moment, origin
from graphgrow_explorer.picture import picture
from graphgrow_explorer.text import SUPPORT, counted, plain, short
from graphgrow_explorer.views.graph import SELECTED, select
from graphgrow_explorer.workspace import WHOLE, Workspace

LISTED = 12
MOST = 1_000  # relations of a concept in each direction that are listed
LABELS = {"top": f"Top {parts.TOP:,}", "around": "Around the selection"}
LACKING = (
    f"This graph has more than {WHOLE:,} concepts, so only parts of it are loaded: the concepts with most relations,"
    " their neighbours, search results, and what is known about a concept. Communities, confidence, paths,"
    " curves, corrections and downloads need the whole graph."
)


def needs_whole(workspace: Workspace, title: str) -> None:
    """Say of a view that it needs the whole graph."""
    st.markdown(f"### {plain(title)}")
    note(f"This view needs the whole graph in memory. {LACKING}")
    load_button(workspace)


def draw(workspace: Workspace, index: GraphIndex) -> None:
    """Draw the view of the graph as far as the index goes, and say what it lacks."""
    left, middle, right = st.container(key="choice").columns([5, 5, 3], vertical_alignment="center")
    with left:
        show = st.segmented_control(
            "Show", list(LABELS), default="top", required=True, key="show", bind="query-params",
            format_func=LABELS.__getitem__, label_visibility="collapsed",
        )  # fmt: skip
    depth = 1
    if show == "around":
        with middle:
            depth = st.segmented_control(
                "Relations away", (1, 2), default=1, required=True, key="depth", bind="query-params",
                format_func=lambda hops: f"{hops} away", label_visibility="collapsed",
            )  # fmt: skip
    with right:
        load_button(workspace)
    _drawn(workspace, index, show, depth)
    note(LACKING)


@st.fragment
@guarded
def _drawn(workspace: Workspace, index: GraphIndex, show: str, depth: int) -> None:
    """Draw the picture, the panel and the tables; a click or news draw no more than this anew."""
    if workspace.index is not index:  # somebody has loaded the whole graph
        st.rerun()
    listen(workspace, "part")
    here = [one.key for one in index.concepts(st.query_params.get_all(SELECTED))]
    if show == "around" and not here:
        here = index.hubs(1)
    nodes, edges = parts.part(workspace, index, here if show == "around" else (), depth)
    drawn = set(nodes["key"])
    if show == "top" and (missing := [key for key in here if key not in drawn]):
        nodes, edges = parts.part(workspace, index, missing)  # found by the search, and not among the top
    left, right = st.container(key="stage").columns([7, 3], gap="medium")
    with left:
        settings: dict[str, object] = {
            "total": workspace.extent.concepts, "seq": workspace.extent.seq, "commands": {}, "empty": EMPTY,
            "colour": "degree", "partial": True, "part": show, "views": None, "style": None,
        }  # fmt: skip
        seen = picture(nodes, edges, key=f"picture {workspace.url}", height=PICTURE, selected=here, settings=settings)
    if list(seen.selected) != here:
        select(seen.selected)
        here = list(seen.selected)
        if show == "around":
            st.rerun(scope="fragment")
    match seen.command:
        case "neighbours", (key, *_):
            visit("graph", concept=key, show=LABELS["around"])  # as the address has it
    with right:
        found = index.concepts(here)
        if seen.relation:
            _evidence(workspace, index, Relation(*seen.relation), "line")
        if found:
            _panel(workspace, index, found[0])
        else:
            _overview(index)
    _tables(nodes, edges, workspace.extent.concepts)


def _panel(workspace: Workspace, index: GraphIndex, concept: IndexedConcept) -> None:
    """Draw what is known of a concept: its spellings, the step that brought it, its relations with their evidence."""
    st.markdown(f"### {plain(concept.name, 200)}")
    note(" · ".join([*([plain(concept.type, 60)] if concept.type else []), counted(concept.relations, "relation")]))
    if aliases := index.aliases(concept.key):
        st.text(f"Also written: {short(', '.join(aliases), 300)}")
    st.text(origin(workspace, concept.first_seq))
    links(workspace, [concept.first_seq], f"origin {concept.key}")
    spans = index.incident(concept.key, MOST)
    others = {one: one.target if one.source == concept.key else one.source for one in spans}
    names = {one.key: one.name for one in index.concepts(dict.fromkeys(others.values()))}
    relations = sorted((one for one in spans if others[one] in names), key=lambda one: -spans[one][0])
    rows = [(f"{'→' if one.source == concept.key else '←'} {one.predicate}", names[others[one]], spans[one][0])
            for one in relations]  # fmt: skip
    seen = st.dataframe(
        pd.DataFrame(rows, columns=["relation", "concept", "times said"]), hide_index=True, height=HEIGHT,
        on_select="rerun", selection_mode="single-row", key=f"relations of {concept.key}",
        alt="Relations of the selected concept",
        column_config={"relation": st.column_config.TextColumn(width=110),
                       "concept": st.column_config.TextColumn(width=165),
                       "times said": st.column_config.NumberColumn(width=75, help=SUPPORT)},
    )  # fmt: skip
    if len(rows) < concept.relations:
        note(f"{len(rows):,} of {concept.relations:,} relations.")
    chosen = [relations[row] for row in seen.selection.rows if row < len(relations)]
    if chosen:
        _evidence(workspace, index, chosen[0], "evidence")
    else:
        note("Choose a relation to read its evidence.")


def _evidence(workspace: Workspace, index: GraphIndex, relation: Relation, place: str) -> None:
    """Draw what first and last said a relation, each with a way to its prompt and reply."""
    span = index.relations(dict.fromkeys(relation.ends)).get(relation)
    if span is None:
        return
    names = {one.key: one.name for one in index.concepts(relation.ends)}
    words = (names.get(relation.source, ""), relation.predicate, names.get(relation.target, ""))
    with st.container(border=True):
        st.markdown(" — ".join(f"**{plain(one, 120)}**" for one in words))
        for seq in dict.fromkeys(span[1:]):
            row, event = workspace.row(seq), workspace.event(seq)
            said = [one for one in event.delta.statements if one.relation == relation] if event else []
            for one in said[:LISTED]:
                st.text(short(f"\u201c{one.raw.source} — {one.raw.predicate} — {one.raw.target}\u201d", 300))
                if beside := qualifiers_in_words(one.qualifiers):
                    st.text(short(beside, 300))
            note(" · ".join(filter(None, (row.model, moment(row.at), row.form or row.question))))
            links(workspace, [seq], f"{place} {seq}")


def _overview(index: GraphIndex) -> None:
    """Draw the concepts with most relations while nothing is selected; a row that is clicked is chosen."""
    st.markdown("#### Nothing selected")
    note(NOBODY.partition(" Shift")[0])
    hubs = index.concepts(index.hubs(LISTED))
    seen = st.dataframe(
        pd.DataFrame([(one.name, one.relations) for one in hubs], columns=["most connected", "relations"]),
        hide_index=True, on_select="rerun", selection_mode="single-row", key="most connected",
        alt="The most connected concepts",
    )  # fmt: skip
    chosen = [hubs[row].key for row in seen.selection.rows if row < len(hubs)]
    if chosen:
        select(chosen)
        st.rerun()


def _tables(nodes: pd.DataFrame, edges: pd.DataFrame, total: int) -> None:
    """Draw what the picture shows as tables, sorted by a click on a column's name."""
    concepts, relations = st.tabs([f"Concepts ({len(nodes):,})", f"Relations ({len(edges):,})"])
    names = dict(zip(nodes["key"], nodes["name"], strict=True))
    with concepts:
        note(f"Showing {len(nodes):,} of {total:,} concepts. Click a column to sort.")
        columns = [name for name in ("name", "type", "degree", "first_seq") if name in nodes]
        st.dataframe(
            nodes[columns].rename(columns={"name": "concept", "degree": "relations", "first_seq": "step"}),
            hide_index=True, height=320, key="concepts", alt="The concepts of the picture",
        )  # fmt: skip
    with relations:
        table = pd.DataFrame({
            "source": [names[key] for key in edges["source"]], "predicate": list(edges["predicate"]),
            "target": [names[key] for key in edges["target"]], "support": list(edges["support"]),
            "step": list(edges["first_seq"]),
        })  # fmt: skip
        st.dataframe(table, hide_index=True, height=320, key="relations", alt="The relations of the picture")
