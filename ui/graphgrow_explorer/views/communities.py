"""The communities: what they are about, how they are connected, and where nothing joins them yet."""

import math
from collections import Counter
from dataclasses import dataclass
from itertools import combinations

import pandas as pd
import streamlit as st

from graphgrow.api.explorer import TRUSTED, Community, Graph, confidence, in_words, summary_of, trusted_part
from graphgrow_explorer import charts, frames, questions, runs
from graphgrow_explorer.feedback import guarded, hold, note, perform, visit
from graphgrow_explorer.models import check_model, last_options, model_fields
from graphgrow_explorer.panel import links
from graphgrow_explorer.picture import picture
from graphgrow_explorer.text import CONFIDENCE, LEIDEN, counted, plain, short
from graphgrow_explorer.views.thoughts import under_way
from graphgrow_explorer.workspace import Workspace

HEIGHT = 640
GAPS = 20
LEADERS = 3  # concepts of a community that a question may be about
FEW = 3  # relations between two communities that are a gap
LARGEST = 40  # communities between which gaps are looked for
DESCRIBED = 8
SMALLEST = 3  # concepts
CLICKED = "clicked community"


@dataclass(frozen=True, slots=True)
class Gap:
    """Two communities with few or no relations between them, and two concepts to ask about."""

    one: int
    other: int
    sizes: tuple[int, int]
    relations: int
    concepts: tuple[str, str]

    @property
    def score(self) -> float:
        """The geometric mean of the sizes, less the more relations there are."""
        return math.sqrt(self.sizes[0] * self.sizes[1]) / (1 + self.relations)


def draw(workspace: Workspace) -> None:
    """Draw the communities as a picture and as a list, what each is about, and the gaps between them."""
    if not workspace.graph.concepts:
        note("There are no communities yet: start a run in the view Runs.")
        return
    left, right = st.container(key="stage").columns([6, 5], gap="medium")
    with left:
        _picture(workspace)
    with right:
        _list(workspace)
    if workspace.is_file:
        with st.form("describe", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
            model = model_fields("describe", last_options(workspace.url))
            cost = f"One question for each of the {DESCRIBED} largest; kept in the graph."
            if st.form_submit_button("Let the model name them", icon=":material/label:", help=cost):
                perform(lambda: questions.describe(workspace, DESCRIBED, check_model(model)))
        under_way(workspace)
    st.subheader("Structural gaps", help="Found by counting the relations between the communities above.")
    note("Large communities with few or no relations between them: good places to ask next.")
    found = workspace.keep("gaps", lambda graph: gaps(graph, frames.groups(workspace)))
    if not found:
        note("There is no gap: every two communities of three concepts or more are well joined.")
        return
    names = titles(workspace)
    with workspace.reading() as graph:
        rows = [(short(names[one.one], 60), one.sizes[0], short(names[one.other], 60), one.sizes[1], one.relations,
                 " and ".join(short(graph.name(key)) for key in one.concepts)) for one in found]  # fmt: skip
    seen = st.dataframe(
        pd.DataFrame(rows, columns=["one community", "concepts", "other community", "concepts ", "relations",
                                    "ask about"]),
        hide_index=True, on_select="rerun", selection_mode="single-row", key=f"gaps {workspace.mark}",
        alt="Gaps between communities",
        column_config={"relations": st.column_config.NumberColumn(help="Relations between the two communities.")},
    )  # fmt: skip
    row = next(iter(seen.selection.rows), len(found))
    chosen = found[row] if row < len(found) else None
    hold("gaps", is_chosen=chosen is not None)
    asked = runs.asked(workspace.url) if workspace.is_file else "the model"
    if st.button("Ask what connects the two", type="primary", disabled=chosen is None, key="ask gap",
                 icon=":material/add_circle:", help=f"One question to {asked}.") and chosen:  # fmt: skip
        perform(lambda: runs.expand(workspace, *chosen.concepts))
    if chosen is None:
        note("Choose a row to ask what lies between the two.")


def gaps(graph: Graph, groups: frames.Groups) -> list[Gap]:
    """Return the largest gaps between the communities of the picture, each with two concepts that nothing joins yet."""
    counts = Counter[tuple[int, int]]()
    for relation in graph.relations:
        low, high = sorted(groups.membership[end] for end in relation.ends)
        counts[low, high] += 1
    found: list[Gap] = []
    large = [one for one in groups.communities if one.size >= SMALLEST][:LARGEST]
    for one, other in combinations(large, 2):
        relations = counts[min(one.number, other.number), max(one.number, other.number)]
        pairs = [(a, b) for a in one.name[:LEADERS] for b in other.name[:LEADERS] if b not in graph.neighbours[a]]
        is_new = [pair for pair in pairs if not any(asked[1:] == tuple(sorted(pair)) for asked in graph.asked)]
        if relations <= FEW and is_new:
            found.append(Gap(one.number, other.number, (one.size, other.size), relations, is_new[0]))
    return sorted(found, key=lambda gap: -gap.score)[:GAPS]


def titles(workspace: Workspace) -> dict[int, str]:
    """Return the name of each community: that of a model where one was asked, else its class and leading concepts."""
    groups = frames.groups(workspace)

    def named(graph: Graph) -> dict[int, str]:
        names = {}
        for one in groups.communities:
            said = summary_of(graph, groups.membership, one.number)
            names[one.number] = said[1].name if said else groups.names[one.number]
        return names

    return workspace.keep("titles", named)


@st.fragment
@guarded
def _picture(workspace: Workspace) -> None:
    with workspace.reading():
        groups, (nodes, edges) = frames.groups(workspace), frames.supernodes(workspace)
    seen = picture(
        nodes, edges, key=f"supernodes {workspace.url}", height=HEIGHT,
        settings={"total": len(groups.communities), "seq": workspace.graph.seq, "communities": titles(workspace),
                  "colours": groups.colours, "noun": "communities", "links": "related pairs", "commands": ()},
    )  # fmt: skip
    numbers = {f"community {one.number}": one.number for one in groups.communities}
    clicked = next((numbers[key] for key in seen.selected if key in numbers), None)
    if clicked is not None and clicked != st.session_state.get(CLICKED):
        st.session_state[CLICKED] = clicked
        st.rerun()
    note("Each circle is a community, sized by its concepts; lines are relations between them. Click one to read it.")


@st.fragment
@guarded
def _list(workspace: Workspace) -> None:
    groups, names = frames.groups(workspace), titles(workspace)
    table = pd.DataFrame(
        [(names[one.number], one.size) for one in groups.communities], columns=["community", "concepts"]
    )
    seen = st.dataframe(
        table, hide_index=True, height=250, on_select="rerun", selection_mode="single-row",
        key=f"communities {st.session_state.get(CLICKED)}", alt="Communities with their names and sizes",
        column_config={"community": st.column_config.TextColumn("community", width=370, help=LEIDEN),
                       "concepts": st.column_config.ProgressColumn(
            "concepts", width=90, format="%d", min_value=0, max_value=int(table["concepts"].max()))},
    )  # fmt: skip
    hold("communities", is_chosen=bool(seen.selection.rows))
    clicked = (place for place, one in enumerate(groups.communities) if one.number == st.session_state.get(CLICKED))
    place = seen.selection.rows[0] if seen.selection.rows else next(clicked, 0)
    one = groups.communities[min(place, len(groups.communities) - 1)]
    st.markdown(f"#### {plain(names[one.number], 90)}")
    _about(workspace, one)
    members = [key for key, number in groups.membership.items() if number == one.number]
    everyone, others, growth = st.tabs(["Concepts", "Relations to others", "Growth"])
    with everyone, workspace.reading() as graph:
        members.sort(key=lambda key: -graph.degree(key))
        rows = [(graph.name(key), graph.degree(key), graph.introduced[key]) for key in members]
    with everyone:
        picked = st.dataframe(
            pd.DataFrame(rows, columns=["concept", "neighbours", "since step"]), hide_index=True, height=220,
            key=f"members {one.number}", on_select="rerun", selection_mode="multi-row",
            alt="All concepts of the community",
        )  # fmt: skip
        chosen = [members[row] for row in picked.selection.rows if row < len(members)]
        if st.button("Show in the graph", key="show members", icon=":material/hub:", disabled=not chosen,
                     help="Choose concepts in the list first."):  # fmt: skip
            visit("graph", concept=chosen)
    with others:
        _others(workspace, one, names)
    with growth:
        since = sorted(seq for _, _, seq in rows)
        curve = pd.DataFrame({"x": since, "y": range(1, len(since) + 1), "series": "concepts"})
        if len(curve) > 1:
            st.altair_chart(charts.lines(curve, "concepts", "How its concepts came in"), key=f"grew {one.number}")
        note("The concepts that it has today, by the step that brought them.")


def _about(workspace: Workspace, one: Community) -> None:
    """Say in a sentence what a community is about, and who says so."""
    groups, size = frames.groups(workspace), counted(one.size, "concept")
    with workspace.reading() as graph:
        said = summary_of(graph, groups.membership, one.number)
        made = in_words(trusted_part(graph, TRUSTED if graph.checks else 0), groups.membership, one.number, one.name)
    if said is None:
        st.text(made.sentence)
        note(f"{size}, led by {groups.names[one.number]}. Summarised from its relations, without a model.")
        return
    seq, summary = said
    st.text(summary.sentence)
    note(f"{size}, led by {groups.names[one.number]}. Named by a model when it had {counted(summary.size, 'concept')}.")
    links(workspace, [seq], f"about {one.number}")


def _others(workspace: Workspace, one: Community, names: dict[int, str]) -> None:
    """Draw the other communities that relations join with one, with their number and how sure these are."""
    with workspace.reading() as graph:
        membership, sure = frames.groups(workspace).membership, dict[int, list[float]]()
        for relation in graph.relations:
            ends = {membership[end] for end in relation.ends}
            if one.number in ends and len(ends) > 1:
                sure.setdefault(next(iter(ends - {one.number})), []).append(confidence(graph, relation))
    rows = [(names[number], len(held), 100 * sum(held) / len(held)) for number, held in sure.items()]
    rows.sort(key=lambda row: -row[1])
    if not rows:
        note("No relation leads to another community.")
        return
    st.dataframe(
        pd.DataFrame(rows, columns=["other community", "relations", "mean confidence"]), hide_index=True, height=220,
        key=f"others {one.number}", alt="Relations to other communities",
        column_config={"mean confidence": st.column_config.NumberColumn(format="%.0f %%", help=CONFIDENCE)},
    )  # fmt: skip
