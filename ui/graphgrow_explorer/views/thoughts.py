"""Ask & ideas: answers with what every sentence follows from, ideas with their numbers, verdicts with their probes."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

import pandas as pd
import streamlit as st

from graphgrow.api.explorer import QUESTION, GraphAnswer, IdeaDials, Ideas, Judgement, ReasoningStep, Task, outcome
from graphgrow_explorer import questions
from graphgrow_explorer.feedback import guarded, note, perform, problem
from graphgrow_explorer.serve import VIEW
from graphgrow_explorer.text import counted, plain, short
from graphgrow_explorer.workspace import Workspace

T = TypeVar("T")
PULSE = 1.5  # seconds
ASKING = "asking"
LISTED = 50  # works of a kind, the newest
LONGEST = 2_000  # characters of a text
INTERRUPTED = "Interrupted before an answer arrived. {} continues it; nothing is charged twice."


def draw(workspace: Workspace) -> None:
    """Draw two forms to ask from, then the answers, ideas and judgements of this graph, each kind in a tab."""
    if workspace.is_file:
        left, right = st.columns(2, gap="large")
        with left, st.form("ask the graph", border=True, clear_on_submit=True):
            text = st.text_input("Your question", max_chars=QUESTION)
            if st.form_submit_button("Ask", type="primary", icon=":material/forum:") and text.strip():
                perform(lambda: questions.ask(workspace, text))
        with right, st.form("ideas", border=True, clear_on_submit=True):
            goal = st.text_input("Goal for new ideas", max_chars=QUESTION)
            dials = {
                name: column.slider(name.capitalize(), 0.0, 1.0, value, 0.1)
                for (name, value), column in zip(asdict(IdeaDials()).items(), st.columns(3), strict=True)
            }
            if st.form_submit_button("Propose ideas", icon=":material/lightbulb:"):
                perform(lambda: questions.ideas(workspace, goal, dials))
        under_way(workspace)
    answers, ideas, judgements = st.tabs(["Answers", "Ideas", "Judgements"])
    with answers:
        browse(workspace, "ask", "No answers yet. Type a question above and press Ask.", GraphAnswer, answer)
    with ideas:
        browse(
            workspace, "ideas", "No ideas yet. Type a goal above, or none, and press Propose ideas.", Ideas, proposed
        )
    with judgements:
        browse(workspace, "judge", "No judgements yet:  graphgrow judge  compares two answers.", Judgement, judgement)


@st.fragment(run_every=PULSE)
@guarded
def under_way(workspace: Workspace) -> None:
    """Say what is being asked, or why the last question came to nothing; draw the page anew when it has ended."""
    last = questions.last(workspace.url)
    before, st.session_state[ASKING] = st.session_state.get(ASKING), bool(last and last.is_alive)
    if before and not st.session_state[ASKING]:
        st.rerun()
    if last and last.is_alive:
        note(f"Under way: {short(last.text, 200) or 'ideas about the topic'}")
    elif last and last.message:
        problem(last.message)


def browse(
    workspace: Workspace, task: Task, empty: str, form: type[T], show: Callable[[Workspace, ReasoningStep, T], None]
) -> None:
    """Let somebody choose one of the works of a kind, and draw what came of it; the newest is drawn first."""
    with workspace.reading() as graph:
        plans = [works[0] for works in graph.thoughts.values() if works[0].task == task][: -LISTED - 1 : -1]
    if not plans:
        note(empty)
        return
    title = "goal" if task == "ideas" else "question"
    names = {plan.seq: f"{plan.seq}. {short(wanted(plan).get(title) or 'about the topic', 100)}" for plan in plans}
    seq = st.selectbox(title.capitalize(), list(names), format_func=lambda seq: names[seq], key=f"work of {task}")
    plan = next((plan for plan in plans if plan.seq == seq), plans[0])
    note(f"Step {plan.seq}, {plan.at.replace('T', ' ')[:16]}")
    with workspace.reading() as graph:
        result = outcome(graph, plan, form)
    if result is not None:
        show(workspace, plan, result)
    elif task == "judge" or not workspace.is_file:
        note(INTERRUPTED.format(f"The same  graphgrow {task}"))
    else:
        note(INTERRUPTED.format("Retry"))
        if st.button("Retry", key=f"retry {plan.seq}", icon=":material/refresh:"):
            again = wanted(plan)
            if task == "ask":
                perform(lambda: questions.ask(workspace, again["question"]))
            else:
                perform(lambda: questions.ideas(workspace, again["goal"], again["dials"]))


def wanted(plan: ReasoningStep) -> dict[str, Any]:
    """Return what a work is to do, as its plan keeps it."""
    options = plan.result.get("wanted")
    return options if isinstance(options, dict) else {}


def answer(workspace: Workspace, plan: ReasoningStep, informed: GraphAnswer) -> None:
    """Draw an answer beside what it follows from: the relations with their steps, a button for every concept."""
    paragraph(informed.question, "Question")
    left, right = st.columns([3, 2], gap="large")
    with left:
        for claim in informed.claims:
            st.text(short(claim.line, LONGEST))
        if not informed.known:
            problem(f"{informed.text} {informed.reason}")
        for one in informed.unsupported:
            st.text(f"Not from the graph: {short(one, LONGEST)}")
        for removed in informed.removed:
            note(f'Citation removed: "{short(removed.cite, 200)}" does not support this sentence: it {removed.why}.')
        if informed.plain is not None:
            spent = f"{counted(informed.tokens[0], 'token')} with it, {informed.tokens[1]:,} without"
            paragraph(" ".join(informed.plain) or "The model does not know.", f"Without the graph ({spent})")
    cites = list({cite.id: cite for claim in informed.claims for cite in claim.cites}.values())
    if cites:
        with right:
            st.markdown("**It follows from**")
            rows = [(cite.words, ", ".join(map(str, cite.steps))) for cite in cites]
            st.dataframe(pd.DataFrame(rows, columns=["in the graph", "step"]), hide_index=True, key=f"cites {plan.seq}",
                         alt="What the answer follows from")  # fmt: skip
            concepts(workspace, [key for cite in cites for key in cite.concepts], f"cited {plan.seq}")


def concepts(workspace: Workspace, keys: Sequence[str], place: str) -> None:
    """Draw a button for every concept that is still there; it leads to the graph with that concept selected."""
    with workspace.reading() as graph:
        here = dict.fromkeys(map(graph.representative, keys))
        names = {key: graph.name(key) for key in here if key in graph.concepts}
    with st.container(horizontal=True):
        for key, name in names.items():
            if st.button(plain(name, 40), key=f"{place} {key}", help="Show it in the graph."):
                st.query_params[VIEW] = "graph"
                st.query_params["concept"] = key
                st.rerun()


def proposed(workspace: Workspace, plan: ReasoningStep, ideas: Ideas) -> None:
    """Draw ideas with their numbers, and each one with the relations that are nearest to it."""
    dials = ideas.dials
    note(f"novelty {dials.novelty:g}, feasibility {dials.feasibility:g}, effectiveness {dials.effectiveness:g}")
    if ideas.reason or not ideas.ranked:
        problem(ideas.reason or "No idea came of it.")
    rows = [(one.title, one.novelty, one.won, one.compared, one.kind, one.apart) for one in ideas.ranked]
    table = pd.DataFrame(rows, columns=["idea", "novelty", "won", "compared", "begins with", "apart"])
    if rows:
        st.dataframe(table, hide_index=True, key=f"ideas {plan.seq}", alt="The ideas with their numbers, best first")
    for number, one in enumerate(ideas.ranked, 1):
        place = f"idea {plan.seq} {number}"
        with st.expander(f"{number}. {plain(one.title, 90)}", expanded=number == 1):
            for name in ("hypothesis", "mechanism", "prediction", "test"):
                paragraph(getattr(one, name), name.capitalize())
            concepts(workspace, one.concepts, place)
            nearest = [(near.words, near.likeness, ", ".join(map(str, near.steps))) for near in one.nearest]
            st.dataframe(pd.DataFrame(nearest, columns=["nearest in the graph", "likeness", "step"]), hide_index=True,
                         key=f"near {place}", alt="Existing relations that are nearest to the idea")  # fmt: skip


def judgement(_: Workspace, plan: ReasoningStep, verdict: Judgement) -> None:
    """Draw a verdict with both answers, and how the judge did in the probes."""
    paragraph(verdict.sentence, "Verdict")
    if verdict.interval and verdict.agreement is not None:
        low, high = verdict.interval
        note(f"95 % interval {low:.0%} to {high:.0%}; both orders agree in {verdict.agreement:.0%} of the samples")
    for column, name, title in zip(st.columns(2, gap="large"), ("one", "other"), verdict.names, strict=True):
        with column:
            paragraph(str(wanted(plan).get(name, "")), short(title, 60))
    rows = [(one.name, one.right, one.asked) for one in verdict.probes]
    st.dataframe(pd.DataFrame(rows, columns=["probe", "right", "asked"]), hide_index=True, key=f"probes {plan.seq}",
                 alt="How the judge did in the probes")  # fmt: skip


def paragraph(words: str, title: str) -> None:
    """Draw text under a title, as it is."""
    st.markdown(f"**{plain(title, 90)}**")
    st.text(short(words, LONGEST))
