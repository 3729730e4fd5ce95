"""What is known of what was selected: a concept with its relations and evidence, a step with prompt and reply."""

import json
import math
from collections.abc import Callable, Sequence
from heapq import nlargest

import pandas as pd
import streamlit as st

from graphgrow.api import directives, edits
from graphgrow.api.explorer import (
    Edit,
    Event,
    Expansion,
    FactCheck,
    Graph,
    ReasoningStep,
    Relation,
    confidence,
    qualifiers_in_words,
)
from graphgrow_explorer import runs
from graphgrow_explorer.feedback import decide, guarded, note, perform
from graphgrow_explorer.text import counted, plain, short
from graphgrow_explorer.workspace import REASON, Workspace

PAIR = 2
LISTED = 12
NEWS = 2.0  # seconds
HEIGHT = 260
NOBODY = "Click a concept to see what is known of it. Shift-click a second one to merge the two or look between them."


def panel(workspace: Workspace, keys: Sequence[str]) -> bool:
    """Draw what is known of the first of some concepts, and of the first two together; False where there is none."""
    with workspace.reading() as graph:
        there = [key for key in keys if key in graph.concepts]
        if not there:
            return False
        key = there[0]
        name, aliases, since = graph.name(key), graph.concepts[key].aliases, graph.introduced[key]
        about = [
            *([plain(kind, 60)] if (kind := graph.concepts[key].type) else []),
            counted(graph.degree(key), "neighbour"),
            f"asked {counted(graph.asks.get(key, 0), 'time')}",
        ]
        pair = " and ".join(plain(graph.name(one), 40) for one in there[:PAIR])
        relations = list(graph.incident[key])
        rows = [("→" if one.source == key else "←", one.predicate,
                 graph.name(one.target if one.source == key else one.source), graph.support(one),
                 100 * confidence(graph, one))
                for one in relations]  # fmt: skip
    st.markdown(f"### {plain(name, 200)}")
    note(" · ".join(about))
    if aliases:
        st.text(f"Also written: {short(', '.join(aliases), 300)}")
    st.text(origin(workspace, since))
    if len(there) >= PAIR:
        one, other = there[:PAIR]
        with st.container(border=True):
            st.markdown(f"**{pair}**")
            with st.container(horizontal=True):
                if st.button("Merge", key="merge two", icon=":material/merge:", help="Let the two be one concept."):
                    decide(workspace, edits.merge, one, other, reason=REASON)
                if st.button("Keep apart", key="keep apart", help="They are two; nobody asks again."):
                    decide(workspace, edits.apart, one, other, reason=REASON)
                if st.button("Ask what connects them", key="expand two"):
                    perform(lambda: runs.expand(workspace, one, other))
    with st.container(horizontal=True):
        if st.button("Expand", type="primary", icon=":material/add_circle:", help="Ask about it now."):
            perform(lambda: runs.expand(workspace, key))
        with st.popover("Steer", icon=":material/explore:"):
            with st.container(horizontal=True):
                if st.button("Pin", key="steer Pin"):
                    decide(workspace, directives.pin, key, reason=REASON)
                if st.button("Unpin", key="steer Unpin"):
                    decide(workspace, directives.unpin, key, reason=REASON)
                if st.button("Leave alone", key="steer Leave alone"):
                    decide(workspace, directives.forbid, key, reason=REASON)
                if st.button("Allow", key="steer Allow"):
                    decide(workspace, directives.allow, key, reason=REASON)
            text = st.text_input("Instruction for questions about it", key=f"instruct {key}", max_chars=200)
            if st.button("Instruct", key="instruct now") and text.strip():
                decide(workspace, directives.instruct, text, concept=key, reason=REASON)
        with st.popover("Rename", icon=":material/edit:"):
            new = st.text_input("New name", value=name, key=f"rename {key}")
            if st.button("Rename", key="rename now") and new.strip() != name:
                decide(workspace, edits.rename, key, new, reason=REASON)
        if st.button("Reject", key="reject", icon=":material/block:", help="Take it out, and keep it out."):
            decide(workspace, edits.reject, key, reason=REASON)
    seen = st.dataframe(
        pd.DataFrame(rows, columns=["", "predicate", "concept", "support", "confidence"]), hide_index=True,
        on_select="rerun", height=HEIGHT if len(rows) > PAIR else "auto", selection_mode="single-row",
        key=f"relations of {key}", alt="Relations of the selected concept",
        column_config={"": st.column_config.TextColumn(width=30), "predicate": st.column_config.TextColumn(width=80),
                       "concept": st.column_config.TextColumn(width=115),
                       "support": st.column_config.NumberColumn(width=50),
                       "confidence": st.column_config.NumberColumn(width=75, format="%.0f %%")},
    )  # fmt: skip
    if not seen.selection.rows or seen.selection.rows[0] >= len(relations):
        note("Choose a relation to read its evidence.")
        return True
    chosen = relations[seen.selection.rows[0]]
    with workspace.reading() as graph:
        note(certainty(graph, chosen))
    st.dataframe(
        evidence(workspace, chosen), hide_index=True, key=f"evidence {key}", alt="Evidence for the chosen relation"
    )
    with st.container(horizontal=True):
        if st.button(
            "Accept", key=f"accept {chosen}", icon=":material/check:", help="It is so: one more piece of evidence."
        ):
            decide(workspace, edits.accept, chosen, reason=f"accepted {REASON}")
        if st.button("Reject", key=f"reject {chosen}", icon=":material/block:", help="Take it out, and keep it out."):
            decide(workspace, edits.reject_relation, chosen, reason=REASON)
    return True


@st.fragment(run_every=NEWS)
@guarded
def overview(workspace: Workspace, choose: Callable[[str], None]) -> None:
    """Draw what stands out while nothing is selected, as it is now; a row that is clicked is chosen."""
    st.markdown("#### Nothing selected")
    note(NOBODY)
    with workspace.reading() as graph:
        hubs = nlargest(LISTED, graph.concepts, key=graph.degree)
        lists = {"most connected": hubs, "newest": list(graph.concepts)[: -LISTED - 1 : -1]}
        tables = {title: [(graph.name(key), graph.degree(key)) for key in keys]
                  for title, keys in lists.items()}  # fmt: skip
    for title, rows in tables.items():
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


def origin(workspace: Workspace, seq: int) -> str:
    """Say which step brought a concept, whom it asked and about what."""
    event = workspace.event(seq)
    if not isinstance(event, Expansion):
        return f"Added in step {seq}: {short(event.note if isinstance(event, Edit) else '', 200)}"
    with workspace.reading() as graph:
        about = " and ".join(short(graph.name(graph.representative(key))) for key in event.focus.concepts)
    model = short(event.reply.model) or "the model"
    return f"First mentioned in step {seq}, when {model} was asked about {about} ({short(event.focus.reason, 200)})."


def certainty(graph: Graph, relation: Relation) -> str:
    """Say how sure the graph is of a relation, and what fact checks or people said of it."""
    checks = graph.checks.get(relation)
    sure = confidence(graph, relation)
    if any(graph.past[one.seq - 1].focus is None for one in graph.relations[relation]):
        why = "a person said so"
    elif checks:
        answers = ", ".join(f"{100 / (1 + math.exp(-one)):.0f} %" for one in checks)
        why = f"true by {counted(len(checks), 'fact check')}: {answers}"
    else:
        why = "no fact check yet" if checks is None else "its fact check brought no answer"
    return f"Confidence {100 * sure:.0f} % ({why})."


def evidence(workspace: Workspace, *relations: Relation) -> pd.DataFrame:
    """Return a row for each time that a relation was said: the step, the raw words, what was said beside, who asked."""
    with workspace.reading() as graph:
        statements = [one for relation in relations for one in graph.relations.get(relation, ())]
    rows = []
    for one in statements:
        about = workspace.rows[one.seq - 1]
        words = f"{one.raw.source} — {one.raw.predicate} — {one.raw.target}"
        rows.append((one.seq, words, qualifiers_in_words(one.qualifiers), about.strategy, about.reason))
    columns = ["step", "in these words", "said beside it", "strategy", "why it was asked"]
    table = pd.DataFrame(rows, columns=columns)
    return table if table[columns[2]].any() else table.drop(columns=columns[2])


def step(event: Event) -> None:
    """Draw one step: what was asked and why, what came back, and what of it could be used."""
    if isinstance(event, Edit):
        st.text(f"Step {event.seq}, by hand: {short(event.note, 300)}")
        return
    st.markdown(f"#### Step {event.seq}")
    if isinstance(event, ReasoningStep):
        st.text(f"{event.task}, {event.stage}: {short(', '.join(event.subject), 120)}")
    elif isinstance(event, FactCheck):
        st.text(f"Is it true that {short('; '.join(event.statements), 200)}? True by the model: {event.answers}")
    else:
        focus, reply = event.focus, event.reply
        st.text(f"{focus.strategy} asked about {short(', '.join(focus.concepts), 120)} ({focus.angle}): {focus.reason}")
        cells = st.columns(4)
        cells[0].metric("Outcome", event.outcome)
        cells[1].metric("New concepts", len(event.delta.new_concepts))
        cells[2].metric("Tokens", f"{reply.usage.tokens:,}")
        cells[3].metric("Seconds", f"{reply.seconds:.1f}")
    if event.reason:
        st.text(event.reason)
    if event.prompt and event.reply:
        left, right = st.columns(2, gap="medium")
        with left:
            st.markdown("**Prompt**")
            st.code(f"{event.prompt.system}\n\n{event.prompt.user}", language=None, wrap_lines=True, height=300)
        with right:
            st.markdown("**Reply**", help="As it came, whatever is in it.")
            st.code(event.reply.text or "(empty)", language=None, wrap_lines=True, height=300)
    if isinstance(event, ReasoningStep):
        st.markdown("**What came of it**")
        st.code(json.dumps(event.result, ensure_ascii=False, indent=1), language=None, wrap_lines=True, height=300)
        return
    delta = event.delta
    rows = [("new concept", concept.name, "") for concept in delta.new_concepts]
    for kind, statements in (("new relation", delta.relations), ("known relation", delta.support)):
        rows += [
            (kind, f"{s.raw.source} — {s.raw.predicate} — {s.raw.target}", qualifiers_in_words(s.qualifiers))
            for s in statements
        ]
    rows += [(change.do, " = ".join(change.concepts), change.reason) for change in delta.changes]
    rows += [("kept out", one.text, one.rule) for one in delta.rejects]
    if rows:
        st.markdown("**What it brought**")
        st.dataframe(pd.DataFrame(rows, columns=["what", "words", "why"]), hide_index=True, key="brought",
                     alt="What the step brought")  # fmt: skip
