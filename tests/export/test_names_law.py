"""Names of every script, with marks, signs and pictures, out into each format and in again: nothing changes."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphgrow.export import FORMATS, export, read_graph
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import clean
from graphgrow.graph.model import Edit, Proposal, Triple
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
