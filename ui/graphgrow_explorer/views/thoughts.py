"""Ask & ideas: answers with what every sentence follows from, ideas with their numbers, verdicts with their probes."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TypeVar

import pandas as pd
import streamlit as st

from graphgrow.graph.graph import Graph
from graphgrow.graph.model import ReasoningStep, Task
from graphgrow.reason.answers import QUESTION, GraphAnswer
from graphgrow.reason.citations import Citation
from graphgrow.reason.ideas import Idea, Ideas
from graphgrow.reason.judge import Judgement
from graphgrow.reason.seeds import IdeaDials
from graphgrow.reason.tasks import outcome
from graphgrow_explorer import questions
from graphgrow_explorer.feedback import guarded, note, perform, problem
from graphgrow_explorer.serve import VIEW
from graphgrow_explorer.state import Home
from graphgrow_explorer.text import counted, plain, short

T = TypeVar("T")
PULSE = 1.5  # seconds
ASKING = "asking"
LISTED = 50  # works of a kind, the newest
LONGEST = 2_000  # characters of a text
NOT_DONE = "It was broken off: the command that began it goes on with it, and pays for nothing twice."


def draw(home: Home) -> None:
    """Draw a line to ask from, then the answers, ideas and judgements of this graph, each kind in a tab."""
    if not home.url.startswith("memory:"):
        _ask(home)
        under_way(home)
    answers, ideas, judgements = st.tabs(["Answers", "Ideas", "Judgements"])
    with answers:
        _works(home, "ask", "question", GraphAnswer, _answer)
    with ideas:
        _works(home, "ideas", "goal", Ideas, _ideas)
    with judgements:
        _works(home, "judge", "question", Judgement, _judgement)


def _ask(home: Home) -> None:
    """Let somebody ask the graph, or for ideas; both go on when the page is closed."""
    with st.form("ask the graph", border=True, clear_on_submit=True):
        text = st.text_input("Ask the graph, or say what ideas are wanted for", max_chars=QUESTION)
        dials = st.columns(3)
        wanted = {
            name: column.slider(name.capitalize(), 0.0, 1.0, value, 0.1, help="For ideas.")
            for (name, value), column in zip(asdict(IdeaDials()).items(), dials, strict=True)
        }
        left, right = st.columns(2)
        if left.form_submit_button("Ask", type="primary", icon=":material/forum:", width="stretch") and text.strip():
            perform(lambda: questions.ask(home, text))
        if right.form_submit_button("Propose ideas", icon=":material/lightbulb:", width="stretch"):
            perform(lambda: questions.ideas(home, text, wanted))


@st.fragment(run_every=PULSE)
@guarded
def under_way(home: Home) -> None:
    """Say what is being asked, or why the last question came to nothing; draw the page anew when it has ended."""
    last = questions.last(home.url)
    known, st.session_state[ASKING] = st.session_state.get(ASKING), bool(last and last.is_alive)
    if known and not st.session_state[ASKING]:
        st.rerun()
    if last and last.is_alive:
        note(f"Under way: {short(last.text, 200) or 'ideas about the topic'}")
    elif last and last.said:
        problem(last.said)


def _works(home: Home, task: Task, title: str, form: type[T], show: Callable[[Home, ReasoningStep, T], None]) -> None:
    """Let somebody choose one of the works of a kind, and draw what came of it; the newest is drawn first."""
    with home.reading() as graph:
        plans = [works[0] for works in graph.thoughts.values() if works[0].task == task][: -LISTED - 1 : -1]
    if not plans:
        note(f"None yet:  graphgrow {task}  makes them, and they are kept in the graph's log.")
        return
    names = {plan.seq: f"{plan.seq}. {short(_wanted(plan, title) or 'about the topic', 100)}" for plan in plans}
    chosen = st.selectbox(title.capitalize(), list(names), format_func=lambda seq: names[seq], key=f"work of {task}")
    plan = next((plan for plan in plans if plan.seq == chosen), plans[0])
    note(f"Event {plan.seq}, {plan.at.replace('T', ' ')[:16]}")
    with home.reading() as graph:
        found = outcome(graph, plan, form)
    if found is None:
        note(NOT_DONE)
    else:
        show(home, plan, found)


def _wanted(plan: ReasoningStep, name: str) -> str:
    wanted = plan.result.get("wanted")
    return str(wanted.get(name, "")) if isinstance(wanted, dict) else ""


def _answer(home: Home, plan: ReasoningStep, found: GraphAnswer) -> None:
    _text(found.question, "Question")
    left, right = st.columns([3, 2], gap="large")
    with left:
        for claim in found.claims:
            st.text(short(claim.line, LONGEST))
        if not found.known:
            problem(f"{found.text} {found.reason}")
        for one in found.unsupported:
            st.text(f"Not from the graph: {short(one, LONGEST)}")
        for removed in found.removed:
            note(f"Taken off: {short(removed.cite, 200)} {removed.why}.")
        if found.plain is not None:
            spent = f"{counted(found.tokens[0], 'token')} with it, {found.tokens[1]:,} without"
            _text(" ".join(found.plain) or "The model does not know.", f"Without the graph ({spent})")
    with right:
        cites = list({cite.id: cite for claim in found.claims for cite in claim.cites}.values())
        _cites(home, plan, cites)


def _cites(home: Home, plan: ReasoningStep, cites: Sequence[Citation]) -> None:
    """Draw what an answer follows from: the relations with their steps, and a button for every concept."""
    if not cites:
        return
    st.markdown("**It follows from**")
    rows = [(cite.words, ", ".join(map(str, cite.steps))) for cite in cites]
    st.dataframe(pd.DataFrame(rows, columns=["in the graph", "step"]), hide_index=True, key=f"cites {plan.seq}",
                 alt="What the answer follows from")  # fmt: skip
    _concepts(home, [key for cite in cites for key in cite.concepts], f"cited {plan.seq}")


def _concepts(home: Home, keys: Sequence[str], place: str) -> None:
    """Draw a button for every concept that is still there; it leads to the graph with that concept selected."""
    with home.reading() as graph:
        shown = _shown(graph, keys)
    with st.container(horizontal=True):
        for key, name in shown.items():
            if st.button(plain(name, 40), key=f"{place} {key}", help="Show it in the graph."):
                st.query_params[VIEW] = "graph"
                st.query_params["concept"] = key
                st.rerun()


def _shown(graph: Graph, keys: Sequence[str]) -> dict[str, str]:
    found = dict.fromkeys(map(graph.representative, keys))
    return {key: graph.name(key) for key in found if key in graph.concepts}


def _ideas(home: Home, plan: ReasoningStep, found: Ideas) -> None:
    dials = found.dials
    note(f"novelty {dials.novelty:g}, feasibility {dials.feasibility:g}, effectiveness {dials.effectiveness:g}")
    if found.reason or not found.ranked:
        problem(found.reason or "No idea came of it.")
    rows = [(one.title, one.novelty, one.won, one.compared, one.kind, one.apart) for one in found.ranked]
    table = pd.DataFrame(rows, columns=["idea", "novelty", "won", "compared", "begins with", "apart"])
    if rows:
        st.dataframe(table, hide_index=True, key=f"ideas {plan.seq}", alt="The ideas with their numbers, best first")
    for place, one in enumerate(found.ranked, 1):
        with st.expander(f"{place}. {plain(one.title, 90)}", expanded=place == 1):
            _idea(home, one, f"idea {plan.seq} {place}")


def _idea(home: Home, one: Idea, place: str) -> None:
    for name in ("hypothesis", "mechanism", "prediction", "test"):
        _text(getattr(one, name), name.capitalize())
    _concepts(home, one.concepts, place)
    rows = [(near.words, near.likeness, ", ".join(map(str, near.steps))) for near in one.nearest]
    st.dataframe(pd.DataFrame(rows, columns=["nearest in the graph", "likeness", "step"]), hide_index=True,
                 key=f"near {place}", alt="Existing relations that are nearest to the idea")  # fmt: skip


def _judgement(_: Home, plan: ReasoningStep, found: Judgement) -> None:
    _text(found.sentence, "Verdict")
    if found.interval and found.agreement is not None:
        low, high = found.interval
        note(f"95 % interval {low:.0%} to {high:.0%}; both orders agree in {found.agreement:.0%} of the samples")
    left, right = st.columns(2, gap="large")
    for side, name in ((left, "one"), (right, "other")):
        with side:
            _text(_wanted(plan, name), short(found.names[name == "other"], 60))
    rows = [(one.name, one.right, one.asked) for one in found.probes]
    st.dataframe(pd.DataFrame(rows, columns=["probe", "right", "asked"]), hide_index=True, key=f"probes {plan.seq}",
                 alt="How the judge did in the probes")  # fmt: skip


def _text(text: str, title: str) -> None:
    """Draw text under a title, as it is."""
    st.markdown(f"**{plain(title, 90)}**")
    st.text(short(text, LONGEST))
