"""Names of every script, with marks, signs and pictures, out into each format and in again: nothing changes."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphgrow.export import FORMATS, export, read_graph
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import canonical, clean
from graphgrow.graph.model import Concept, Delta, Edit, Proposal, Qualifiers, Quantity, Relation, Statement, Triple
from graphgrow.resolve.resolve import Resolver, resolve

PARTS = (
    "दिन दान दीन के बाद ไก่ ไข่ عِلم عَلَם שלום 石墨烯 クモの糸 가나 p53-/- p53 BMI > 30 < O2- O2 O₂⁻ -20 °C 20 CD4- CD4+ Rh+"
    " A* .NET C++ AIDS AID Windows window windows TNF-\u03b1 β-sheet IL-6 IL6 (XRD) G' G''"
    " 10⁶ 106 ± → ≥ 50% #1 & / | , ; \" '"
    " \u2019 « » _ ~ ^ $ 🔥 👩\u200d🔬 ☀\ufe0f é e\u0301 ß İ"
).split()
NAMES = st.one_of(
    st.lists(st.sampled_from(PARTS), min_size=1, max_size=3).map(" ".join),
    st.lists(st.sampled_from(PARTS), min_size=1, max_size=3).map("".join),
    st.text(st.characters(categories=["L", "M", "N", "S", "P", "Zs"]), min_size=1, max_size=8),
).filter(clean)
RESOLVER = Resolver(broken_rule=lambda _name, _topic: "")  # every name is taken, by its key


@pytest.mark.parametrize("ending", sorted(FORMATS))
@settings(max_examples=25)
@given(said=st.lists(st.builds(Triple, NAMES, NAMES, NAMES), min_size=1, max_size=5))
def test_every_name_comes_back_as_it_went(ending: str, said: list[Triple]) -> None:
    """Concepts by key, name and spelling, and relations, are the same after export and import; none is empty."""
    delta = resolve(Proposal(tuple(said), (), "ok"), Graph(), "", RESOLVER)
    assert not delta.rejects
    graph = Graph()
    graph.apply(Edit(1, "add", delta))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"graph{ending}"
        export(graph, path)
        again = Graph()
        again.apply(Edit(1, "add", read_graph(path)))
    assert all(key and concept.name for key, concept in graph.concepts.items())
    assert list(again.concepts.values()) == list(graph.concepts.values())
    assert again.relations.keys() == graph.relations.keys()


BESIDE = st.sampled_from([
    None, Qualifiers(why='it is, "so"'), Qualifiers(quantity=Quantity("-5 to 7", "\u00b0C"), certainty=0.35),
    Qualifiers(conditions="=1+1", source="Doe; 2020", predicate_class="broad"),
])  # fmt: skip
KINDS = st.one_of(st.sampled_from(["", "Gene", "Entity", "1", "=x", "a|b", "concept", "related to"]), NAMES)
SAYINGS = st.sampled_from(
    ["is a", "related to", "=cmd()", "RELATED_TO", "p<SEP>q", "Directed", "1", "near (undirected)"]
)


@pytest.mark.parametrize("ending", sorted(FORMATS))
@settings(max_examples=5)
@given(data=st.data())
def test_what_is_known_of_names_comes_back_too(ending: str, data: st.DataObject) -> None:
    """Types that say little, spellings, no direction, what was said how often, and what stands beside it."""
    concepts = {}
    for name in map(clean, data.draw(st.lists(NAMES, min_size=2, max_size=4))):
        aliases = {clean(one) for one in data.draw(st.lists(NAMES, max_size=2))} - {name, ""}
        kind = clean(data.draw(KINDS))
        concepts[canonical(name)] = Concept(canonical(name), name, tuple(sorted(aliases)), kind)
    first, support = dict[Relation, Statement](), list[Statement]()
    for _ in range(4):
        source, target = (data.draw(st.sampled_from(sorted(concepts))) for _ in range(2))
        relation = Relation(source, data.draw(SAYINGS), target)
        way = data.draw(st.sampled_from(["", " (undirected)"]))
        said = Triple(clean(data.draw(NAMES)), relation.predicate + way, concepts[target].name)
        statement = Statement(relation, said, data.draw(st.sampled_from([1, 2, 70])), data.draw(BESIDE))
        if first.setdefault(relation, statement) is not statement:
            support.append(statement)
    graph, again = Graph(), Graph()
    graph.apply(
        Edit(1, "add", Delta(tuple(concepts.values()), relations=tuple(first.values()), support=tuple(support)))
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"graph{ending}"
        export(graph, path)
        again.apply(Edit(1, "add", read_graph(path)))
    assert again.concepts == graph.concepts
    assert {one: list(evidence) for one, evidence in again.relations.items()} == {
        one: list(evidence) for one, evidence in graph.relations.items()
    }
