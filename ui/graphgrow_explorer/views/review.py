"""What waits for a decision, what was kept out and why, and the last decisions with a way back."""

from collections import Counter

import pandas as pd
import streamlit as st

from graphgrow.api import edits
from graphgrow.api.explorer import Change, Graph, canonical
from graphgrow_explorer import charts
from graphgrow_explorer.feedback import decide, hold, note, undo
from graphgrow_explorer.panel import moment
from graphgrow_explorer.text import counted, plain, short
from graphgrow_explorer.workspace import REASON, Workspace

WAITING = 20  # doubts on one page
NEIGHBOURS = 6
LAST = 15  # edits
KEPT_OUT = 2_000  # rows


def draw(workspace: Workspace) -> None:
    """Draw the possible duplicates, what was merged and rejected, the last edits, and a form for a relation."""
    with workspace.reading() as graph:
        queue = edits.queue(graph)
    possible, merged, rejected, done, new = st.tabs(  # names that stay, or the page would be back at the first one
        ["Possible duplicates", "Merged automatically", "Rejected names", "Last edits", "Add a relation"]
    )
    with possible:
        duplicates(workspace, queue)
    with merged:
        merges(workspace)
    with rejected:
        rejects(workspace)
    with done:
        with workspace.reading():
            edited = [row for row in reversed(workspace.rows) if row.kind == "edit"][:LAST]
        if not edited:
            note("Nobody has edited this graph yet.")
        with workspace.reading() as graph:
            undone = dict(graph.undone)
        for row in edited:
            left, right = st.columns([6, 1], vertical_alignment="center")
            with left:
                st.text(f"{row.outcome.capitalize()}: {short(row.question, 160)}")
                who = " · ".join(
                    filter(None, (f"Step {row.seq}", moment(row.at), row.by and f"by {row.by}", row.reason))
                )
                note(f"{who} · undone in step {undone[row.seq]}" if row.seq in undone else who)
            is_open = row.undoable and row.seq not in undone
            if is_open and right.button("Undo", key=f"undo {row.seq}", icon=":material/undo:", width="stretch"):
                undo(workspace, row.seq)
    with new, st.form("add", border=False, clear_on_submit=True):
        cells = st.columns(3)
        source, predicate, target = (
            cell.text_input(label) for cell, label in zip(cells, ("From", "Predicate", "To"), strict=True)
        )
        if st.form_submit_button("Add") and source.strip() and target.strip():
            decide(workspace, edits.add, source, predicate, target, reason=REASON)


def duplicates(workspace: Workspace, queue: list[Change]) -> None:
    """Draw the pairs that may be one concept, each with its two decisions."""
    if not queue:
        note("Nothing waits for a decision.")
        return
    note(
        f"{counted(len(queue), 'pair')} of names that may mean one concept;"
        " first those whose merging would change the graph most."
    )
    for doubt in queue[:WAITING]:
        one, other = map(workspace.graph.representative, doubt.concepts)
        which = " / ".join(doubt.concepts)  # a second click never decides about the next pair
        with st.container(border=True):
            left, middle, right = st.columns([4, 4, 2])
            for cell, key in ((left, one), (middle, other)):
                with workspace.reading() as graph:
                    name, degree = graph.name(key), graph.degree(key)
                    near = ", ".join(short(graph.name(other), 40) for other in list(graph.neighbours[key])[:NEIGHBOURS])
                with cell:
                    st.markdown(f"**{plain(name, 120)}**")
                    note(counted(degree, "neighbour") + (f": {near}" if near else ""))
            with right:
                if st.button("Merge", key=f"merge {which}", width="stretch"):
                    decide(workspace, edits.merge, one, other, reason=REASON)
                if st.button("Keep apart", key=f"apart {which}", width="stretch"):
                    decide(workspace, edits.apart, one, other, reason=REASON)
            note(doubt.reason)
    if len(queue) > WAITING:
        note(f"Showing {WAITING} of {counted(len(queue), 'pair')}.")


def merges(workspace: Workspace) -> None:
    """Draw the names that replies brought and that count as another one, each with a way back."""
    merged = workspace.keep("merges", merged_by_replies)
    if not merged:
        note("No names have been merged automatically.")
        return
    table = pd.DataFrame(merged, columns=["step", "name", "merged into", "why", "key"])
    seen = st.dataframe(table.head(KEPT_OUT), hide_index=True, height=420, on_select="rerun",
                        selection_mode="single-row", key=f"merges {workspace.mark}",
                        column_order=list(table.columns[:-1]), alt="Names that were merged automatically")  # fmt: skip
    row = next(iter(seen.selection.rows), len(merged))
    hold("merges", is_chosen=row < len(merged))
    note(f"Showing {min(len(merged), KEPT_OUT):,} of {counted(len(merged), 'merge')}, the newest first.")
    key = merged[row][-1] if row < len(merged) else ""
    if st.button("Separate again", disabled=not key, icon=":material/call_split:") and key:
        decide(workspace, edits.unmerge, key, reason=REASON)


def merged_by_replies(graph: Graph) -> list[tuple[int, str, str, str, str]]:
    """Return step, name, the name it counts as, reason and key of each merge of a reply that stands, newest first."""
    names, standing = dict[str, str](), dict[str, tuple[int, Change]]()
    for step in graph.past:
        names |= {concept.key: concept.name for concept in step.delta.concepts}
        for change in step.delta.changes:
            if change.do in {"merge", "unmerge"}:
                standing.pop(change.concepts[0], None)
            if change.do == "merge" and step.focus:
                standing[change.concepts[0]] = step.seq, change
    rows = [(seq, names.get(key, key), graph.name(graph.representative(key)), change.reason, key)
            for key, (seq, change) in standing.items()]  # fmt: skip
    return sorted(rows, reverse=True)


def rejects(workspace: Workspace) -> None:
    """Draw what hygiene or somebody kept out: name, rule, and how often it was proposed; a chosen one is let in."""

    def kept_out(graph: Graph) -> pd.DataFrame:
        corrections, counts = graph.corrections, Counter[tuple[str, str]]()
        for event in workspace.store.events():
            counts.update((one.rule, one.text) for one in event.delta.rejects)
        rows: list[tuple[str, str, int, tuple[str, ...]]] = [
            (key, f"by hand: {why}", 0, (key,)) for key, why in corrections.rejected.items()
        ]
        rows += [(f"{r.source} — {r.predicate} — {r.target}", f"by hand: {why}", 0, (r.source, r.predicate, r.target))
                 for r, why in corrections.rejected_relations.items()]  # fmt: skip
        decided = corrections.allowed | corrections.rejected.keys()
        rows += [(text, rule, times, (text,)) for (rule, text), times in counts.most_common()
                 if canonical(text) not in decided]  # fmt: skip
        return pd.DataFrame(rows, columns=["name", "rule", "times", "words"])

    rejected = workspace.keep("rejects", kept_out)
    if rejected.empty:
        note("No name was rejected.")
        return
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.markdown("**By rule**")
        counts = rejected.groupby("rule").size().reset_index(name="y").rename(columns={"rule": "series"})
        st.altair_chart(charts.bars(counts, "names", "Rejected names, by rule"))
    with right:
        st.markdown("**Names**")
        seen = st.dataframe(rejected.head(KEPT_OUT), hide_index=True, height=380, on_select="rerun",
                            selection_mode="single-row", key=f"rejects {workspace.mark}",
                            column_order=["name", "rule", "times"], alt="Rejected names")  # fmt: skip
        row = next(iter(seen.selection.rows), len(rejected))
        hold("rejects", is_chosen=row < len(rejected))
        chosen = rejected.iloc[row] if row < len(rejected) else None
        note(f"Showing {min(len(rejected), KEPT_OUT):,} of {len(rejected):,}. Choose a row to let a name in again.")
        if st.button("Restore", disabled=chosen is None, icon=":material/undo:") and chosen is not None:
            name, *relation = chosen["words"]
            if relation:
                decide(workspace, edits.restore_relation, name, *relation, reason=REASON)
            else:
                decide(workspace, lambda graph: edits.restore(graph, name, log=workspace.store.events(), reason=REASON))
