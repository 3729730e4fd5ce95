"""Ask & ideas: answers with what every sentence follows from, ideas with their numbers, verdicts with their probes."""

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any, TypeVar

import pandas as pd
import streamlit as st

from graphgrow.api.explorer import (
    ANSWER_CONTEXT,
    QUESTION,
    GraphAnswer,
    IdeaDials,
    Ideas,
    Judgement,
    ReasoningStep,
    Task,
    outcome,
)
from graphgrow_explorer import questions
from graphgrow_explorer.feedback import guarded, note, perform, problem, visit
from graphgrow_explorer.guard import SHARED
from graphgrow_explorer.models import check_model, last_options, model_fields
from graphgrow_explorer.news import listen
from graphgrow_explorer.panel import links, moment
from graphgrow_explorer.text import counted, plain, short
from graphgrow_explorer.workspace import Workspace

T = TypeVar("T")
SECOND = 1.0
ASKING = "asking"
APART = "relations apart"
LISTED = 50  # works of a kind, the newest
LONGEST = 2_000  # characters of a text
DIALS = {
    "novelty": "0: near to what the graph holds, 1: far from it.",
    "feasibility": "How realistic the ideas should be: the higher, the more is known about their two concepts.",
    "effectiveness": "How closely the ideas should serve the goal.",
}
GIVEN = (
    "How much of the graph is sent with the question: small values keep to what is near its concepts, larger ones reach"
    " further."
)
INTERRUPTED = "Interrupted before an answer arrived. {} continues it; nothing is charged twice."


def draw(workspace: Workspace) -> None:
    """Draw what is being asked, two forms to ask from, then answers, ideas and judgements, each kind in a tab."""
    if workspace.is_file:
        under_way(workspace)
        last = last_options(workspace.url)
        left, right = st.container(key="stage").columns(2, gap="large")
        with left, st.form("ask the graph", border=True, clear_on_submit=True):
            text = st.text_input("Your question", max_chars=QUESTION)
            one, other = st.columns(2, vertical_alignment="bottom")
            context = one.number_input("Graph context (tokens)", 1, value=ANSWER_CONTEXT, step=100, help=GIVEN)
            compare = other.checkbox(
                "Also ask without the graph", help="The model's own answer, beside that of the graph."
            )
            model = model_fields("ask", last)
            if st.form_submit_button("Ask", type="primary", icon=":material/forum:"):
                perform(
                    lambda: questions.ask(workspace, text, check_model(model), context=int(context), compare=compare)
                )
        with right, st.form("ideas", border=True, clear_on_submit=True):
            goal = st.text_input("Goal for new ideas", max_chars=QUESTION, placeholder="may be empty")
            dials = {
                name: column.slider(name.capitalize(), 0.0, 1.0, value, 0.1, help=DIALS[name])
                for (name, value), column in zip(asdict(IdeaDials()).items(), st.columns(3), strict=True)
            }
            model_of_ideas, judge = model_fields("ideas", last), ""
            if not os.environ.get(SHARED):
                judge = st.text_input(
                    "Model that compares the ideas", placeholder="NAME or http://…/v1#NAME", key="judge of ideas"
                )
            if st.form_submit_button("Propose ideas", icon=":material/lightbulb:"):
                perform(lambda: questions.ideas(workspace, goal, dials, check_model(model_of_ideas), judge.strip()))
    answers, ideas, judgements = st.tabs(["Answers", "Ideas", "Judgements"])
    with answers:
        browse(workspace, "ask", "No answers yet. Type a question above and press Ask.", GraphAnswer, answer)
    with ideas:
        browse(
            workspace, "ideas", "No ideas yet. Type a goal above, or none, and press Propose ideas.", Ideas, proposed
        )
    with judgements:
        none = "No judgements yet. Two answers are compared by  graphgrow judge"
        browse(workspace, "judge", none, Judgement, judgement)


def under_way(workspace: Workspace) -> None:
    """Say what is being asked, since when and of whom, with a way to stop it; and what came to nothing, and why."""
    is_alive = any(one.is_alive for one in questions.recent(workspace.url))
    st.fragment(_under_way, run_every=SECOND if is_alive else None)(workspace)


@guarded
def _under_way(workspace: Workspace) -> None:
    known = questions.recent(workspace.url)
    is_alive = any(one.is_alive for one in known)
    before, st.session_state[ASKING] = st.session_state.get(ASKING), is_alive
    if before is not None and before != is_alive:
        st.rerun()
    for one in known:
        title = short(one.text, 200) or "ideas about the topic"
        if one.is_alive:
            with workspace.reading() as graph:
                works = [works for works in graph.thoughts.values() if one.has_begun(works[0])]
            replies = sum(step.reply is not None for steps in works for step in steps)
            asked = f"{plain(one.model)} is thinking" if not replies else f"{counted(replies, 'reply')} so far"
            asked = asked.replace("replys", "replies")
            with st.container(horizontal=True, vertical_alignment="center"):
                st.status(f"{plain(title, 120)} — {asked}, {one.seconds:.0f} s", state="running", width="stretch")
                if st.button("Stop", key=f"stop {one.name}", icon=":material/stop:"):
                    perform(partial(questions.stop, one))
            if one.so_far:
                st.text(one.so_far[-LONGEST:])
        elif one.message:
            with st.container(border=True):
                problem(one.message)
                st.text(title)
                with st.container(horizontal=True):
                    if st.button("Retry", key=f"again {one.name}", icon=":material/refresh:"):
                        perform(partial(questions.again, workspace, one))
                    if st.button("Remove", key=f"forget {one.name}"):
                        perform(partial(questions.forget, workspace.url, one))
    if not is_alive:
        listen(workspace, "questions")


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
    key = f"work of {task} {plans[0].seq}"  # a newer one is shown at once
    seq = st.selectbox(title.capitalize(), list(names), format_func=lambda seq: names[seq], key=key)
    plan = next((plan for plan in plans if plan.seq == seq), plans[0])
    note(f"Step {plan.seq}, {moment(plan.at)}")
    with workspace.reading() as graph:
        result = outcome(graph, plan, form)
    asked = questions.last(workspace.url) if workspace.is_file else None
    if result is not None:
        show(workspace, plan, result)
    elif asked and asked.is_alive and asked.has_begun(plan):
        note("The answer is on its way.")
    elif task == "judge" or not workspace.is_file:
        note(INTERRUPTED.format("The same request from the command line"))
    else:
        note(INTERRUPTED.format("Retry"))
        if st.button("Retry", key=f"retry {plan.seq}", icon=":material/refresh:"):
            again = wanted(plan)
            if task == "ask":
                asked_so = again.get("context", ANSWER_CONTEXT), bool(again.get("compare"))
                perform(lambda: questions.ask(workspace, again["question"], context=asked_so[0], compare=asked_so[1]))
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
        for number, claim in enumerate(informed.claims):
            st.text(short(claim.line, LONGEST))
            links(workspace, [seq for cite in claim.cites for seq in cite.steps], f"claim {plan.seq} {number}")
        if not informed.known:
            problem(informed.why)
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
            st.markdown("**Based on**")
            rows = [(cite.words, ", ".join(map(str, cite.steps))) for cite in cites]
            st.dataframe(pd.DataFrame(rows, columns=["in the graph", "step"]), hide_index=True, key=f"cites {plan.seq}",
                         alt="What the answer is based on")  # fmt: skip
            concepts(workspace, [key for cite in cites for key in cite.concepts], f"cited {plan.seq}")


def concepts(workspace: Workspace, keys: Sequence[str], place: str) -> None:
    """Draw a button for every concept that is still there; it leads to the graph with that concept selected."""
    with workspace.reading() as graph:
        here = dict.fromkeys(map(graph.representative, keys))
        names = {key: graph.name(key) for key in here if key in graph.concepts}
    with st.container(horizontal=True):
        for key, name in names.items():
            if st.button(plain(name, 40), key=f"{place} {key}", help="Show it in the graph."):
                visit("graph", concept=key)


def proposed(workspace: Workspace, plan: ReasoningStep, ideas: Ideas) -> None:
    """Draw ideas with their numbers, and each one with the relations that are nearest to it."""
    dials = ideas.dials
    note(f"novelty {dials.novelty:g}, feasibility {dials.feasibility:g}, effectiveness {dials.effectiveness:g}")
    if ideas.reason or not ideas.ranked:
        problem(ideas.reason or "No idea came of it.")
    rows = [(one.title, one.novelty, one.won, one.compared, one.kind, one.apart) for one in ideas.ranked]
    table = pd.DataFrame(rows, columns=["idea", "novelty", "share won", "comparisons", "starts from", APART])
    if rows:
        st.dataframe(
            table, hide_index=True, key=f"ideas {plan.seq}", alt="The ideas with their numbers, best first",
            column_config={APART: st.column_config.NumberColumn(help="Between its two concepts; -1: no path.")},
        )  # fmt: skip
    for number, one in enumerate(ideas.ranked, 1):
        place = f"idea {plan.seq} {number}"
        with st.expander(f"{number}. {plain(one.title, 90)}", expanded=number == 1):
            for name in ("hypothesis", "mechanism", "prediction", "test"):
                paragraph(getattr(one, name), name.capitalize())
            concepts(workspace, one.concepts, place)
            links(workspace, [seq for near in one.nearest for seq in near.steps], f"steps {place}")
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
