"""The graph: its picture, what is known of the concept that was clicked, and everything shown as tables and files."""

from collections.abc import Sequence
from functools import partial
from typing import get_args

import pandas as pd
import streamlit as st

from graphgrow.api import edits
from graphgrow.api.explorer import TRUSTED, BadInput, Graph, Relation, find
from graphgrow_explorer import frames, runs, scenes
from graphgrow_explorer.feedback import decide, decide_all, guarded, note, perform
from graphgrow_explorer.files import downloads
from graphgrow_explorer.first import HEIGHT, picture_key, settings
from graphgrow_explorer.frames import Show
from graphgrow_explorer.live import address
from graphgrow_explorer.news import listen
from graphgrow_explorer.panel import certainty, deciding, overview, panel, said
from graphgrow_explorer.picture import picture
from graphgrow_explorer.text import plain, short
from graphgrow_explorer.workspace import REASON, Workspace

LABELS: dict[str, str] = {
    "everything": "Everything",
    "top": f"Top {frames.TOP:,}",
    "around": "Around the selection",
    "communities": "Communities",
}
SELECTED = "concept"
WRITTEN = "selection in the address"
BESIDE = "neighbours of"  # key of the concepts whose neighbours were asked for where only a part is drawn
STYLE = "style"
CONFIDENT, TRUSTING = "confidence", "trusted only"  # keys of the slider and the switch, which go together
DOUBTED = (
    f"Leaves out relations of a confidence below {TRUSTED:.0%}, and concepts that have no others. With them the picture"
    " draws these faint, and with dashes beside what is selected."
)
RULES, RULE = 20, 200  # that a picture has, characters of one
RECENT = 50  # steps from whose price that of the next is estimated


def draw(workspace: Workspace) -> None:
    """Draw the picture with its panel, and the tables below; beyond LARGE concepts a part, unless somebody asks."""
    scenes.apply(workspace, SELECTED)
    size, is_checked = len(workspace.graph.concepts), bool(workspace.graph.checks)
    options = [name for name in get_args(Show) if name != "top" or size > frames.TOP]
    left, middle, right, end = st.container(key="choice").columns([6, 3, 2, 2], vertical_alignment="center")
    with left:
        show: Show = st.segmented_control(
            "Show", options, default=frames.first_shown(workspace), required=True,
            format_func=lambda name: LABELS[name], key="show", bind="query-params", label_visibility="collapsed",
        )  # fmt: skip
    depth = 1
    if show == "around":
        with middle:
            depth = st.segmented_control(
                "Relations away", (1, 2, 3), default=2, required=True, key="depth", bind="query-params",
                format_func=lambda hops: f"{hops} away", label_visibility="collapsed",
            )  # fmt: skip
    known = str(st.session_state.get(CONFIDENT, st.query_params.get(CONFIDENT, "")))
    words = f"Confidence ≥ {known} %" if known.strip("0").isdigit() else "Any confidence"
    with end, st.popover(words, icon=":material/tune:", width="stretch", disabled=show == "communities"):
        least = st.slider(
            "Confidence at least", 0, 100, 0, 5, format="%d %%", key=CONFIDENT, bind="query-params",
            help="Leave out relations that the graph is less sure of.",
        )  # fmt: skip
    if is_checked:
        st.session_state[TRUSTING] = least >= 100 * TRUSTED
        right.toggle("Trusted only", key=TRUSTING, on_change=trust, disabled=show == "communities", help=DOUBTED)
    confidence = least / 100
    _watch(workspace, live=show == "everything" and not confidence)
    _drawn(workspace, show, depth, confidence)


def trust() -> None:
    """Leave out what is not trusted, or show all again, as the switch says."""
    st.session_state[CONFIDENT] = round(100 * TRUSTED) if st.session_state[TRUSTING] else 0


def select(keys: Sequence[str]) -> None:
    """Put the selection into the address, so that a link leads to it."""
    if not list(keys) == st.query_params.get_all(SELECTED) == st.session_state.get(WRITTEN, list(keys)):
        st.query_params[SELECTED] = st.session_state[WRITTEN] = list(keys)


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
    """Draw the picture and what goes with it; neither a click nor news draw more than this anew."""
    groups = frames.groups(workspace)
    with workspace.reading() as graph:
        here = list(dict.fromkeys(found for name in st.query_params.get_all(SELECTED) if (found := known(graph, name))))
        if show == "around" and not here and graph.concepts:
            here = [max(graph.concepts, key=graph.degree)]
    given = settings(workspace, show)
    if show != "communities":
        given |= {"commands": commands(workspace), "views": sorted(scenes.kept(workspace)),
                  "view": scenes.wanted(workspace), "style": style(workspace)}  # fmt: skip
    beside = st.session_state.setdefault(BESIDE, {}).setdefault(workspace.url, []) if given["partial"] else []
    nodes, edges = frames.part(workspace, show, here, depth, confidence, beside)
    left, right = st.container(key="stage").columns([7, 3], gap="medium")
    with left:
        seen = picture(
            nodes, edges, key=picture_key(workspace, show), height=HEIGHT, selected=here, settings=given,
            feed=address(workspace) if show == "everything" and not confidence else "",
        )  # fmt: skip
    # Of two clicks at once the second comes with the address from before the first: what was written counts too.
    if show != "communities" and {*map(tuple, (here, st.session_state.get(WRITTEN, here)))} != {seen.selected}:
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
        case "neighbours", (key, *_) if key not in beside:
            beside.append(key)
            st.rerun(scope="fragment")
        case "save view", (name, state, *_):
            query = {"show": show, "depth": depth, "confidence": round(100 * confidence), SELECTED: here}
            perform(lambda: scenes.keep(workspace, name, query, state))
        case "style", rules if list(rules) != given["style"]:
            st.session_state[STYLE] = workspace.url, list(rules)
            st.query_params[STYLE] = list(rules)
            st.rerun(scope="fragment")  # the picture already has what it said
        case "open view", (name, *_):
            scenes.show(workspace, name)
        case "remove view", (name, *_):
            perform(lambda: scenes.remove(workspace, name))
    with right:
        if seen.relation:
            _relation(workspace, *seen.relation)
        chosen = here
        if show == "communities":  # the leading concept of the one that was clicked
            leading = {f"community {one.number}": one.name[0] for one in groups.communities}
            chosen = [leading[key] for key in seen.selected[:1] if key in leading]
        if not panel(workspace, chosen):
            overview(workspace, show_concept)
    if show == "communities":
        downloads(workspace, None)
        return
    if seen.shown:
        nodes, edges = nodes[seen.shown[0]], edges[seen.shown[1]]
    _tables(workspace, nodes, edges)
    is_part = bool(seen.shown) or show != "everything"
    kept = set(zip(edges["source"], edges["predicate"], edges["target"], strict=True)) if seen.shown else None
    downloads(workspace, set(nodes["key"]) if is_part else None, confidence, kept)


def known(graph: Graph, name: str) -> str:
    """Return the key of a concept that an address names, by its key or as it is written; "" where there is none."""
    try:
        return name if name in graph.concepts else find(graph, name)
    except BadInput:
        return ""


def style(workspace: Workspace) -> list[str]:
    """Return the rules of colours and sizes in the address; those of this graph come back when its page does."""
    rules = [rule[:RULE] for rule in st.query_params.get_all(STYLE)[:RULES]]
    url, known = st.session_state.get(STYLE, ("", []))
    if known and not rules and url == workspace.url:
        st.query_params[STYLE] = rules = known
    st.session_state[STYLE] = workspace.url, rules
    return rules


def commands(workspace: Workspace) -> dict[str, str]:
    """Return the commands that the picture has a button for, in words: a question names its model and what it costs."""
    model = runs.asked(workspace.url) if workspace.is_file else ""
    paid = [row.usd for row in workspace.rows[-RECENT:] if row.usd is not None]
    price = f" (about {sum(paid) / len(paid):.4f} USD)" if any(paid) else ""
    ask = {"expand": f"Ask {short(model, 36)}{price}"} if model else {}
    return ask | {"merge": "Merge", "reject": "Reject"}


def _relation(workspace: Workspace, source: str, predicate: str, target: str) -> None:
    """Draw a relation that was clicked: how sure the graph is of it, and what says so."""
    with workspace.reading() as graph:
        relation = Relation(source, predicate, target)
        if relation not in graph.relations:
            return
        words = f"**{plain(graph.name(source), 80)}** {plain(predicate, 80)} **{plain(graph.name(target), 80)}**"
        sure = certainty(graph, relation)
    with st.container(border=True, key="relation"):
        st.markdown(words)
        note(sure)
        deciding(workspace, "line", relation)
        said(workspace, "line", relation)


def _tables(workspace: Workspace, nodes: pd.DataFrame, edges: pd.DataFrame) -> None:
    """Draw what the picture shows as tables, sorted by a click on a column's name."""
    total = len(frames.nodes(workspace))
    concepts, relations = st.tabs([f"Concepts ({len(nodes):,})", f"Relations ({len(edges):,})"])
    names = dict(zip(nodes["key"], nodes["name"], strict=True))
    with concepts:
        note(f"Showing {len(nodes):,} of {total:,} concepts. Click a column to sort; choose rows to select concepts.")
        columns = [name for name in nodes.columns if name not in {"key", "x", "y", "size"}]
        named = nodes[columns].assign(community=nodes["community"].map(frames.groups(workspace).names))
        seen = st.dataframe(
            named.rename(columns={"first_seq": "step"}), hide_index=True, height=320,
            key=f"concepts {workspace.graph.decisions}", on_select="rerun", selection_mode="multi-row",
            alt="The concepts of the picture",
            column_config={"name": st.column_config.TextColumn("concept", width="large"),
                           "community": st.column_config.TextColumn(width="medium")},
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
