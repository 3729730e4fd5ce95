"""What waits for a decision, what was kept out and why, and the last decisions with a way back."""

from collections import Counter

import pandas as pd
import streamlit as st

from graphgrow.api import edits
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import canonical
from graphgrow.graph.model import Change
from graphgrow_explorer import acting, charts
from graphgrow_explorer.feedback import hold, note, perform
from graphgrow_explorer.state import Home
from graphgrow_explorer.text import counted, plain, short

WAITING = 20  # doubts on one page
NEIGHBOURS = 6
LAST = 15  # edits
KEPT_OUT = 2_000  # rows


def draw(home: Home) -> None:
    """Draw the merge queue, the rejects and the last edits."""
    with home.reading() as graph:
        queue = edits.queue(graph)
    names = f"May be one ({len(queue):,})", "Merged by themselves", "Kept out", "Last edits", "Add a relation"
    queued, merged, kept, done, made = st.tabs(names)
    with queued:
        _queue(home, queue)
    with merged:
        _merges(home)
    with kept:
        _rejects(home)
    with done:
        _edits(home)
    with made:
        _add(home)


def _queue(home: Home, queue: list[Change]) -> None:
    if not queue:
        note("Nothing waits for a decision.")
        return
    note("Names that may mean one concept; first those whose merging would change the graph most.")
    for doubt in queue[:WAITING]:
        one, other = map(home.graph.representative, doubt.concepts)
        which = " / ".join(doubt.concepts)  # a second click never decides about the next pair
        with st.container(border=True):
            left, middle, right = st.columns([4, 4, 2], vertical_alignment="center")
            for cell, key in ((left, one), (middle, other)):
                with cell:
                    _side(home, key)
            with right:
                if st.button("Merge", key=f"merge {which}", width="stretch"):
                    perform(lambda one=one, other=other: acting.merge(home, one, other))  # type: ignore[misc]  # bound
                if st.button("Keep apart", key=f"apart {which}", width="stretch"):
                    perform(lambda one=one, other=other: acting.apart(home, one, other))  # type: ignore[misc]  # bound
            note(f"{doubt.reason} (score {doubt.score:.2f})")
    if len(queue) > WAITING:
        note(f"Showing {WAITING} of {counted(len(queue), 'pair')}.")


def _side(home: Home, key: str) -> None:
    with home.reading() as graph:
        name, degree = graph.name(key), graph.degree(key)
        near = ", ".join(short(graph.name(other), 40) for other in list(graph.neighbours[key])[:NEIGHBOURS])
    st.markdown(f"**{plain(name, 120)}**")
    note(counted(degree, "neighbour") + (f": {near}" if near else ""))


def _merges(home: Home) -> None:
    """Draw the names that replies brought and that count as another one, each with a way back."""
    found = home.keep("merges", _merged)
    if not found:
        note("No reply brought another name for a known concept.")
        return
    table = pd.DataFrame(found, columns=["event", "name", "counts as", "why", "key"])
    seen = st.dataframe(table.head(KEPT_OUT), hide_index=True, height=420, on_select="rerun",
                        selection_mode="single-row", key=f"merges {home.mark}", column_order=list(table.columns[:-1]),
                        alt="Names that count as another one")  # fmt: skip
    row = next(iter(seen.selection.rows), len(found))
    hold("merges", is_chosen=row < len(found))
    note(f"Showing {min(len(found), KEPT_OUT):,} of {counted(len(found), 'merge')}, the newest first.")
    key = found[row][-1] if row < len(found) else ""
    if st.button("Take apart", disabled=not key, icon=":material/call_split:") and key:
        perform(lambda: acting.unmerge(home, str(key)))


def _merged(graph: Graph) -> list[tuple[int, str, str, str, str]]:
    """Return event, name, the name it counts as, reason and key of each merge of a reply that stands, newest first."""
    named, found = dict[str, str](), dict[str, tuple[int, Change]]()
    for step in graph.past:
        named |= {concept.key: concept.name for concept in step.delta.concepts}
        for change in step.delta.changes:
            if change.do in {"merge", "unmerge"}:
                found.pop(change.concepts[0], None)
            if change.do == "merge" and step.focus:
                found[change.concepts[0]] = step.seq, change
    rows = [(seq, named.get(key, key), graph.name(graph.representative(key)), change.reason, key)
            for key, (seq, change) in found.items()]  # fmt: skip
    return sorted(rows, reverse=True)


def _rejects(home: Home) -> None:
    found = home.keep("rejects", lambda graph: _kept_out(home, graph))
    if found.empty:
        note("Nothing was kept out.")
        return
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.markdown("**By rule**")
        counts = found.groupby("rule").size().reset_index(name="y").rename(columns={"rule": "series"})
        st.altair_chart(charts.bars(counts, "names", "Names that were kept out, by rule"))
    with right:
        st.markdown("**Names**")
        seen = st.dataframe(found.head(KEPT_OUT), hide_index=True, height=380, on_select="rerun",
                            selection_mode="single-row", key=f"rejects {home.mark}", alt="Names that were kept out",
                            column_order=["name", "rule", "times"])  # fmt: skip
        row = next(iter(seen.selection.rows), len(found))
        hold("rejects", is_chosen=row < len(found))
        chosen = found.iloc[row] if row < len(found) else None
        note(f"Showing {min(len(found), KEPT_OUT):,} of {len(found):,}. Choose a row to let a name in again.")
        if st.button("Restore", disabled=chosen is None, icon=":material/undo:") and chosen is not None:
            words = chosen["words"]
            perform(lambda: acting.restore(home, *words) if len(words) == 1 else acting.restore_relation(home, *words))


def _kept_out(home: Home, graph: Graph) -> pd.DataFrame:
    """Return what hygiene or somebody kept out: name, rule, how often it was proposed, and the words that name it."""
    standing, counts = graph.corrections, Counter[tuple[str, str]]()
    for event in home.store.events():
        counts.update((one.rule, one.text) for one in event.delta.rejects)
    rows: list[tuple[str, str, int, tuple[str, ...]]] = [
        (key, f"by hand: {why}", 0, (key,)) for key, why in standing.rejected.items()
    ]
    rows += [(f"{r.source} — {r.predicate} — {r.target}", f"by hand: {why}", 0, (r.source, r.predicate, r.target))
             for r, why in standing.rejected_relations.items()]  # fmt: skip
    rows += [(text, rule, times, (text,)) for (rule, text), times in counts.most_common()
             if canonical(text) not in standing.allowed and canonical(text) not in standing.rejected]  # fmt: skip
    return pd.DataFrame(rows, columns=["name", "rule", "times", "words"])


def _edits(home: Home) -> None:
    with home.reading():
        found = [row for row in reversed(home.rows) if row.strategy == "by hand"][:LAST]
    if not found:
        note("Nobody has edited this graph yet.")
        return
    for row in found:
        left, right = st.columns([6, 1], vertical_alignment="center")
        left.text(f"{row.seq}  {row.outcome}: {short(row.question, 160)}")
        if row.outcome in acting.UNDOING and right.button("Undo", key=f"undo {row.seq}", icon=":material/undo:"):
            perform(lambda seq=row.seq: acting.undo(home, seq))  # type: ignore[misc]  # bound to this row


def _add(home: Home) -> None:
    with st.form("add", border=False, clear_on_submit=True):
        cells = st.columns(3)
        source, predicate, target = (
            cell.text_input(label) for cell, label in zip(cells, ("From", "Predicate", "To"), strict=True)
        )
        if st.form_submit_button("Add") and source.strip() and target.strip():
            perform(lambda: acting.add(home, source, predicate, target))
