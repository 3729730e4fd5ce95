"""What is known of the selected concepts: relations with their evidence, the step that brought them; and what to do."""

from collections.abc import Callable, Sequence
from heapq import nlargest

import pandas as pd
import streamlit as st

from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Edit, Expansion, Relation
from graphgrow_explorer import acting, steering
from graphgrow_explorer.feedback import guarded, note, perform
from graphgrow_explorer.state import Home
from graphgrow_explorer.text import counted, plain, short

PAIR = 2
LISTED = 12
NEWS = 2.0  # seconds
HEIGHT = 260
NOBODY = "Click a concept to see what is known of it. Shift-click a second one to merge the two or look between them."


def panel(home: Home, keys: Sequence[str]) -> bool:
    """Draw what is known of the first of some concepts, and of the first two together; False where there is none."""
    with home.reading() as graph:
        there = [key for key in keys if key in graph.concepts]
        if not there:
            return False
        key = there[0]
        name, aliases = graph.name(key), graph.concepts[key].aliases
        about = [counted(graph.degree(key), "neighbour"), f"asked {counted(graph.asks.get(key, 0), 'time')}"]
        relations, since = list(graph.incident[key]), graph.introduced[key]
        table = _relations(graph, key, relations)
    st.markdown(f"### {plain(name, 200)}")
    note(" · ".join(about))
    if aliases:
        st.text(f"Also written: {short(', '.join(aliases), 300)}")
    _origin(home, since)
    if len(there) >= PAIR:
        _two(home, there[0], there[1])
    _actions(home, key, name)
    _evidence(home, table, relations, key)
    return True


@st.fragment(run_every=NEWS)
@guarded
def overview(home: Home, choose: Callable[[str], None]) -> None:
    """Draw what stands out while nothing is selected, as it is now; a row that is clicked is chosen."""
    st.markdown("#### Nothing selected")
    note(NOBODY)
    with home.reading() as graph:
        hubs = nlargest(LISTED, graph.concepts, key=graph.degree)
        lists = {"most connected": hubs, "newest": list(graph.concepts)[: -LISTED - 1 : -1]}
        shown = {title: [(graph.name(key), graph.degree(key)) for key in keys]
                 for title, keys in lists.items()}  # fmt: skip
    for title, rows in shown.items():
        if not rows:
            continue
        seen = st.dataframe(
            pd.DataFrame(rows, columns=[title, "links"]), hide_index=True, height=246, on_select="rerun",
            selection_mode="single-row", key=title, alt=f"The {title} concepts",
            column_config={
                title: st.column_config.TextColumn(width=230),
                "links": st.column_config.NumberColumn(width=50, help="Concepts that it is related to."),
            },
        )  # fmt: skip
        if seen.selection.rows:
            choose(next(lists[title][row] for row in (*seen.selection.rows, 0) if row < len(rows)))


def _relations(graph: Graph, key: str, relations: Sequence[Relation]) -> pd.DataFrame:
    rows = [
        ("→" if one.source == key else "←", one.predicate, graph.name(one.target if one.source == key else one.source),
         graph.support(one)) for one in relations
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["", "predicate", "concept", "support"])


def _origin(home: Home, seq: int) -> None:
    """Say which step brought a concept, and why it was asked."""
    event = home.event(seq)
    if isinstance(event, Expansion):
        st.text(f"Came with event {seq} ({event.focus.strategy}): {short(event.focus.reason, 200)}")
    elif isinstance(event, Edit):
        st.text(f"Added by hand with event {seq}: {short(event.note, 200)}")


def _two(home: Home, one: str, other: str) -> None:
    with home.reading() as graph:
        names = f"{plain(graph.name(one), 40)} and {plain(graph.name(other), 40)}"
    with st.container(border=True):
        st.markdown(f"**{names}**")
        with st.container(horizontal=True):
            if st.button("Merge", key="merge two", icon=":material/merge:", help="Let the two be one concept."):
                perform(lambda: acting.merge(home, one, other))
            if st.button("Keep apart", key="keep apart", help="They are two; nobody asks again."):
                perform(lambda: acting.apart(home, one, other))
            if st.button("Ask what connects them", key="expand two"):
                perform(lambda: steering.expand(home, one, other))


def _actions(home: Home, key: str, name: str) -> None:
    with st.container(horizontal=True):
        if st.button("Expand", type="primary", icon=":material/add_circle:", help="Ask about it now."):
            perform(lambda: steering.expand(home, key))
        with st.popover("Steer", icon=":material/explore:"):
            _steer(home, key)
        with st.popover("Rename", icon=":material/edit:"):
            new = st.text_input("New name", value=name, key=f"rename {key}")
            if st.button("Rename", key="rename now") and new.strip() != name:
                perform(lambda: acting.rename(home, key, new))
        if st.button("Reject", key="reject", icon=":material/block:", help="Take it out, and keep it out."):
            perform(lambda: acting.reject(home, key))


def _steer(home: Home, key: str) -> None:
    """Offer what binds the questions to come."""
    words = {"Pin": steering.pin, "Unpin": steering.unpin, "Leave alone": steering.forbid, "Allow": steering.allow}
    with st.container(horizontal=True):
        for label, action in words.items():
            if st.button(label, key=f"steer {label}"):
                perform(lambda action=action: action(home, key))  # type: ignore[misc]  # bound to this label
    text = st.text_input("Instruction for questions about it", key=f"instruct {key}", max_chars=200)
    if st.button("Instruct", key="instruct now") and text.strip():
        perform(lambda: steering.instruct(home, text, concept=key))


def _evidence(home: Home, table: pd.DataFrame, relations: Sequence[Relation], key: str) -> None:
    """Draw the relations of a concept; for the one that is chosen, who said it, when, and in which words."""
    seen = st.dataframe(
        table, hide_index=True, height=HEIGHT if len(table) > PAIR else "auto", on_select="rerun",
        selection_mode="single-row", key=f"relations of {key}", alt="Relations of the selected concept",
        column_config={"": st.column_config.TextColumn(width=30), "predicate": st.column_config.TextColumn(width=95),
                       "concept": st.column_config.TextColumn(width=150),
                       "support": st.column_config.NumberColumn(width=50)},
    )  # fmt: skip
    if not seen.selection.rows or seen.selection.rows[0] >= len(relations):
        note("Choose a relation to read its evidence.")
        return
    chosen = relations[seen.selection.rows[0]]
    rows = evidence(home, chosen)
    st.dataframe(rows, hide_index=True, key=f"evidence {key}", alt="Evidence for the chosen relation")
    with st.container(horizontal=True):
        if st.button(
            "Accept", key=f"accept {chosen}", icon=":material/check:", help="It is so: one more piece of evidence."
        ):
            perform(lambda: acting.accept(home, chosen))
        if st.button("Reject", key=f"reject {chosen}", icon=":material/block:", help="Take it out, and keep it out."):
            perform(lambda: acting.reject_relation(home, chosen))


def evidence(home: Home, relation: Relation) -> pd.DataFrame:
    """Return a row for each time that a relation was said: the event, the raw words, the strategy and its reason."""
    with home.reading() as graph:
        said = list(graph.relations.get(relation, ()))
    rows = []
    for one in said:
        about = home.rows[one.seq - 1]
        words = f"{one.raw.source} — {one.raw.predicate} — {one.raw.target}"
        rows.append((one.seq, words, about.strategy, about.reason))
    return pd.DataFrame(rows, columns=["event", "in these words", "strategy", "why it was asked"])
