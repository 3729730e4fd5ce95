"""What is known of what was selected: a concept with its relations and evidence, a step with prompt and reply."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from heapq import nlargest

import pandas as pd
import streamlit as st

from graphgrow.api import directives, edits
from graphgrow.api.explorer import (
    Edit,
    Event,
    FactCheck,
    Graph,
    ReasoningStep,
    Relation,
    confidence,
    qualifiers_in_words,
)
from graphgrow_explorer import runs
from graphgrow_explorer.feedback import decide, decide_all, guarded, hold, note, perform, visit
from graphgrow_explorer.news import listen
from graphgrow_explorer.text import CONFIDENCE, SUPPORT, TOKENS, counted, plain, short
from graphgrow_explorer.workspace import REASON, Row, Workspace

PAIR = 2
LISTED = 12
HEIGHT = 260
TALL, WIDE = 13, 64  # lines of a text that is shown whole, characters of one
IMPORT = "import of "  # how the note of an import begins
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
        rows = [(f"{'→' if one.source == key else '←'} {one.predicate}",
                 graph.name(one.target if one.source == key else one.source), 100 * confidence(graph, one),
                 graph.support(one))
                for one in relations]  # fmt: skip
    st.markdown(f"### {plain(name, 200)}")
    note(" · ".join(about))
    if aliases:
        st.text(f"Also written: {short(', '.join(aliases), 300)}")
    st.text(origin(workspace, since))
    links(workspace, [since], f"origin {key}")
    with workspace.reading() as graph:
        state = directives.states(graph, key)
    model = runs.asked(workspace.url)
    if len(there) >= PAIR:
        one, other = there[:PAIR]
        with st.container(border=True):
            st.markdown(f"**{pair}**")
            with st.container(horizontal=True):
                if st.button("Merge", key="merge two", icon=":material/merge:", help="Merge the two into one concept."):
                    decide(workspace, edits.merge, one, other, reason=REASON)
                if st.button(
                    "Keep apart", key="keep apart", help="Keep them as two concepts; you will not be asked again."
                ):
                    decide(workspace, edits.apart, one, other, reason=REASON)
                if st.button("Show paths", key="paths between", icon=":material/conversion_path:",
                             help="How the two are connected, with the evidence."):  # fmt: skip
                    visit("paths", **{"from": one, "to": other})
                if st.button("Ask what connects them", key="expand two", help=f"One question to {model}."):
                    perform(lambda: runs.expand(workspace, one, other))
                if st.button(f"Reject {'both' if len(there) == PAIR else f'all {len(there)}'}", key="reject all",
                             icon=":material/block:", help="Take them out, and keep them out."):  # fmt: skip
                    decide_all(workspace, [partial(edits.reject, name=key, reason=REASON) for key in there])
    with st.container(horizontal=True):
        if st.button("Ask about it", type="primary", icon=":material/add_circle:", key="ask about it",
                     help=f"One question to {model}; its answer is added to the graph."):  # fmt: skip
            perform(lambda: runs.expand(workspace, key))
        with st.popover("Steer", icon=":material/explore:", help="Say what runs are to ask."):
            for words, what in state:
                if st.button(words, key=f"steer {words}", width="stretch"):
                    decide(workspace, what, key, reason=REASON)
            text = st.text_input("Instruction for questions about it", key=f"instruct {key}", max_chars=200)
            if st.button("Instruct", key="instruct now") and text.strip():
                decide(workspace, directives.instruct, text, concept=key, reason=REASON)
        with st.popover("Rename", icon=":material/edit:"):
            new = st.text_input("New name", value=name, key=f"rename {key}")
            if st.button("Rename", key="rename now") and new.strip() != name:
                decide(workspace, edits.rename, key, new, reason=REASON)
        if len(there) == 1 and st.button(
            "Reject", key="reject", icon=":material/block:", help="Take this concept out, and keep it out."
        ):
            decide(workspace, edits.reject, key, reason=REASON)
    note(f"Questions go to {model}.")
    is_repeated = any(row[3] > 1 for row in rows)
    seen = st.dataframe(
        pd.DataFrame(rows, columns=["relation", "concept", "confidence", "times said"]), hide_index=True,
        on_select="rerun", height=HEIGHT if len(rows) > PAIR else "auto", selection_mode="single-row",
        key=f"relations of {key} {workspace.graph.decisions}", alt="Relations of the selected concept",
        column_order=["confidence", "relation", "concept", *["times said"] * is_repeated],
        column_config={"confidence": st.column_config.NumberColumn(width=80, format="%.0f %%", help=CONFIDENCE),
                       "times said": st.column_config.NumberColumn(width=75, help=SUPPORT)},
    )  # fmt: skip
    if not seen.selection.rows or seen.selection.rows[0] >= len(relations):
        note("Choose a relation to read its evidence.")
        return True
    chosen = relations[seen.selection.rows[0]]
    with workspace.reading() as graph:
        words = " — ".join(plain(one, 120) for one in (graph.name(chosen.source), chosen.predicate,
                                                       graph.name(chosen.target)))  # fmt: skip
        st.markdown(f"**{words}**")
        note(certainty(graph, chosen))
    deciding(workspace, str(chosen), chosen)
    said(workspace, f"evidence {chosen}", chosen)
    return True


def deciding(workspace: Workspace, place: str, relation: Relation) -> None:
    """Draw what can be decided about a relation; `place` distinguishes these buttons from others of the page."""
    with st.container(horizontal=True):
        if st.button("Accept relation", key=f"accept {place}", icon=":material/check:",
                     help="Confirm that this is true; it counts as certain from then on."):  # fmt: skip
            decide(workspace, edits.accept, relation, reason=f"accepted {REASON}")
        if st.button("Reject relation", key=f"reject {place}", icon=":material/block:",
                     help="Take it out, and keep it out."):  # fmt: skip
            decide(workspace, edits.reject_relation, relation, reason=REASON)
        with st.popover("Reword", icon=":material/edit:", help="Another predicate for what was said."):
            words = st.text_input("Predicate", relation.predicate, key=f"predicate {place} {relation.predicate}")
            if st.button("Change predicate", key=f"reword {place}") and words.strip() != relation.predicate:
                decide(workspace, edits.retype, relation, words.strip(), reason=REASON)


@st.fragment
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
                title: st.column_config.TextColumn(width=290),
                "links": st.column_config.NumberColumn(width=40, help="Concepts that it is related to."),
            },
        )  # fmt: skip
        if seen.selection.rows:
            choose(next(lists[title][row] for row in (*seen.selection.rows, 0) if row < len(rows)))
    listen(workspace, "overview")


def origin(workspace: Workspace, seq: int) -> str:
    """Say which step brought a concept, whom it asked and about what."""
    with workspace.reading() as graph:
        row = workspace.row(seq)
        about = " and ".join(short(graph.name(graph.representative(key))) for key in row.about)
    if not row.about:
        if row.question.startswith(IMPORT):
            return f"Imported from {short(row.question.removeprefix(IMPORT), 200)}, in step {seq}."
        return f"Added in step {seq}: {short(row.question, 200)}"
    return (
        f"First mentioned in step {seq} ({moment(row.at)}), when {short(row.model) or 'the model'} was asked about"
        f" {about} ({short(row.reason, 200)})."
    )


def moment(at: str) -> str:
    """Return a time of the log for people: the date and minutes of UTC; "" for none."""
    return f"{at.replace('T', ' ')[:16]} UTC" if at else "at no known time"


def certainty(graph: Graph, relation: Relation) -> str:
    """Say how sure the graph is of a relation, and what fact checks or people said of it."""
    checks = graph.checks.get(relation)
    sure = confidence(graph, relation)
    if any(graph.past[one.seq - 1].focus is None for one in graph.relations[relation]):
        why = "a person said so"
    elif checks:
        answers = ", ".join(f"{100 / (1 + math.exp(-one)):.0f} %" for one in checks)
        why = f"{counted(len(checks), 'fact check')}, probability of being true: {answers}"
    else:
        said = graph.past[graph.relations[relation][0].seq - 1].delta.relations
        beside = sum(bool(graph.checks.get(one.relation)) for one in said)
        others = f"from {counted(beside, 'fact check')} of other relations in the same answer"
        why = others if beside else "no fact check yet"
        why = why if checks is None else "its fact check gave no usable answer"
    return f"Confidence {100 * sure:.0f} % ({why})."


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """One time that a relation was said: the step, the words, what was said beside them, and who said it when and why.

    `source` has the model, the time, the concepts asked about and what kind of question it was; `why` is the reason of
    the question, or of the edit.
    """

    seq: int
    words: str
    beside: str
    source: str
    why: str


def evidence(workspace: Workspace, *relations: Relation) -> list[EvidenceRow]:
    """Return every time that some relations were said, in the order of the relations."""
    with workspace.reading() as graph:
        found: list[EvidenceRow] = []
        for one in (one for relation in relations for one in graph.relations.get(relation, ())):
            row = workspace.rows[one.seq - 1]
            about = " and ".join(short(graph.name(graph.representative(key))) for key in row.about)
            asked = f"asked about {about}: {row.form}" if row.about else f"by hand{f', {row.by}' if row.by else ''}"
            words = f"{one.raw.source} — {one.raw.predicate} — {one.raw.target}"
            source = " · ".join(filter(None, (row.model, moment(row.at), asked)))
            found.append(EvidenceRow(one.seq, words, qualifiers_in_words(one.qualifiers), source, row.reason))
    return found


def said(workspace: Workspace, place: str, *relations: Relation) -> None:
    """Draw the evidence of some relations, each with a way to the prompt and reply that brought it, and fact checks."""
    found = evidence(workspace, *relations)
    for number, one in enumerate(found[:LISTED]):
        with st.container(border=True, gap="small"):
            st.text(f"\u201c{short(one.words, 300)}\u201d" + (f"\n{short(one.beside, 300)}" if one.beside else ""))
            note(f"{one.source} (why: {one.why})" if one.why else one.source)
            links(workspace, [one.seq], f"{place} {number}")
    if len(found) > LISTED:
        rows = [(one.seq, one.words, one.source) for one in found[LISTED:]]
        st.dataframe(pd.DataFrame(rows, columns=["step", "in these words", "who, when, about what"]), hide_index=True,
                     key=f"more {place}", alt="Further evidence")  # fmt: skip
    with workspace.reading() as graph:
        checks = [seq for relation in relations for seq in graph.checked_at.get(relation, ())]
    if checks:
        links(workspace, checks[-LISTED:], f"{place} checks", "Fact check, step")


def links(workspace: Workspace, seqs: Sequence[int], place: str, words: str = "Step") -> None:
    """Draw a button for each of some steps, which opens its prompt and reply."""
    with st.container(horizontal=True, gap="small"):
        for seq in dict.fromkeys(seqs):
            if st.button(f"{words} {seq}", key=f"{place} step {seq}", type="tertiary", icon=":material/article:",
                         help="Read prompt and reply."):  # fmt: skip
                read(workspace, seq)


@st.dialog("Prompt and reply", width="large", on_dismiss="rerun")
def read(workspace: Workspace, seq: int) -> None:
    """Show one step over the page."""
    hold("step", is_chosen=True)
    if event := workspace.event(seq):
        step(workspace, event)


def step(workspace: Workspace, event: Event) -> None:
    """Draw one step: who was asked what, when and why, what came back, and how much of it could be used."""
    row = Row.of(event)
    with workspace.reading() as graph:
        about = " and ".join(short(graph.name(graph.representative(key)), 120) for key in row.about)
    st.markdown(f"#### Step {event.seq}")
    note(" · ".join(filter(None, (row.model, moment(row.at), row.by and f"by {row.by}"))))
    if isinstance(event, Edit):
        st.text(f"By hand, {event.edit}: {short(event.note, 300)}")
        if row.reason:
            note(row.reason)
        if event.undoes:
            st.text(f"It undoes step {event.undoes}.")
    elif isinstance(event, ReasoningStep):
        st.text(f"{event.task}, {event.stage}: {short(', '.join(event.subject), 120)}")
    elif isinstance(event, FactCheck):
        asked = short("; ".join(event.statements), 200)
        st.text(f"Is it true that {asked}? The model's probability of yes: {event.answers}")
    else:
        st.text(f"Asked about {about or 'the topic'}: {row.form}")
        st.text(f"Why: {short(event.focus.reason, 300)} (chosen by the strategy {event.focus.strategy})")
        cells = st.columns(4)
        cells[0].metric("Outcome", event.outcome)
        cells[1].metric("New concepts", len(event.delta.new_concepts))
        cells[2].metric("Tokens", f"{row.tokens:,}", help=TOKENS)
        cells[3].metric("Seconds", f"{row.seconds:.1f}")
    if not isinstance(event, Edit) and event.reason:
        st.text(event.reason)
    prompt, reply = (None, None) if isinstance(event, Edit) else (event.prompt, event.reply)
    if prompt and reply:
        left, right = st.columns(2, gap="medium")
        with left:
            st.markdown("**Prompt**")
            written(f"{prompt.system}\n\n{prompt.user}")
        with right:
            st.markdown("**Reply**", help="As it came, whatever is in it.")
            written(reply.text or "(empty)")
    if isinstance(event, ReasoningStep):
        st.markdown("**What came of it**")
        written(json.dumps(event.result, ensure_ascii=False, indent=1))
        return
    delta = event.delta
    rows = [("new concept", one.name, "", "") for one in delta.new_concepts]
    with workspace.reading() as graph:
        for kind, statements in (("new relation", delta.relations), ("known relation", delta.support)):
            for one in statements:
                words = f"{one.raw.source} — {one.raw.predicate} — {one.raw.target}"
                shown = graph.corrections.shown(one.relation)
                sure = f"{100 * confidence(graph, shown):.0f} %" if shown in graph.relations else "not shown"
                sure = "" if workspace.index else sure
                rows.append((kind, words, qualifiers_in_words(one.qualifiers), sure))
    rows += [(change.do, " = ".join(change.concepts), change.reason, "") for change in delta.changes]
    rows += [("rejected", one.text, one.rule, "") for one in delta.rejects]
    if rows:
        st.markdown("**What it brought**")
        st.dataframe(
            pd.DataFrame(rows, columns=["what", "words", "why", "confidence now"]), hide_index=True,
            key=f"brought {event.seq}", alt="What the step brought",
            column_config={"confidence now": st.column_config.TextColumn(help=CONFIDENCE)},
        )  # fmt: skip


def written(text: str) -> None:
    """Draw what was asked or answered as it is, as high as it needs, a long one to scroll."""
    is_long = sum(1 + len(line) // WIDE for line in text.splitlines()) > TALL
    st.code(text, language=None, wrap_lines=True, height=300 if is_long else "content")
