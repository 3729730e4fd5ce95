"""Hygiene: real junk stays out, real concepts stay in."""

import json
from pathlib import Path

import pytest

from graphgrow.graph import Graph
from graphgrow.hygiene import RULES, broken_rule
from graphgrow.model import Proposal, Triple
from graphgrow.parse import parse
from graphgrow.predicates import canonical_predicate, vocabulary
from graphgrow.prompts import EXAMPLE
from graphgrow.resolve import RESOLVE, VERBATIM, Resolver, resolve

# Every one of these was proposed by a real model: the local one, or those of the rejected replies.
JUNK = {
    "no letters": ["705-681", "...", "42"],
    "too long": ["a material that " + "very " * 20 + "tough"],
    "markup": ["[[Nacre]]", "fracture}{source:", "<b>silk</b>", "Category]]", "https://example.org/x"],
    "prefix": ["instance: Person", "type: protein"],
    "identifier": ["Q18034", "concept_12", "node 3"],
    "pronoun": ["it", "They", "others"],
    "bare adjective": ["resistant", "strong", "high", "resistant to deformation", "impact resistant"],
    "fragment": ["a type of", "used in", "a benefit of"],
    "sentence": [
        "is a material which resists impact",
        "silk is strong",
        "reduce damage",
        "The model is trained to predict the next state of the system",
    ],
    "script": ["神经网络"],
}
CONCEPTS = [
    "nacre", "spider silk", "pH", "TiO2", "β-sheet", "AISI 52100 steel", "ISO 10993", "Young's modulus", "C++",
    "high-strength steel", "type 2 collagen", "work of fracture", "strength", "metal-organic framework", "DNA",
    "Hall-Petch effect", "in vitro assay", "carbon fiber reinforced polymer", "wear and tear", "5-axis milling",
    "p53", "coenzyme Q10", "vitamin A", "IT security", "help desk", "can opener", "protein complex",
]  # fmt: skip


@pytest.mark.parametrize(("rule", "name"), [(rule, name) for rule, names in JUNK.items() for name in names])
def test_real_junk_breaks_the_rule_made_for_it(rule: str, name: str) -> None:
    """Each rule catches the junk it is named after."""
    assert broken_rule(name, "impact resistant materials") == rule


def test_every_rule_has_its_example() -> None:
    """No rule stands without real junk that it keeps out."""
    assert set(JUNK) == set(RULES)


@pytest.mark.parametrize("name", CONCEPTS)
def test_real_concepts_pass(name: str) -> None:
    """Names of the trade are concepts, also odd ones."""
    assert broken_rule(name, "impact resistant materials") == ""


def test_a_topic_in_another_script_keeps_its_names() -> None:
    """A Chinese topic keeps Chinese and Latin names and refuses Cyrillic ones."""
    assert [broken_rule(n, "慢性阻塞性肺病") for n in ("支气管扩张剂", "COPD", "легкие")] == ["", "", "script"]


def test_rejected_replies_lose_their_prefixes_and_markup(shared: Path) -> None:
    """Over four hundred real replies no concept with mark-up or an identifier prefix enters the graph."""
    graph, names = Graph(), set()
    for path in sorted((shared / "rejected-replies").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            delta = resolve(parse(json.loads(line)["line"]), graph, "Ancient Babylon")
            names |= {concept.name for concept in delta.concepts}
    assert len(names) > 500
    assert not [n for n in names if "[[" in n or "{" in n or n.lower().startswith("instance:")]


def test_echo_of_the_worked_example_is_kept_out() -> None:
    """A small model that copies the example brings nothing; a graph that knows one end takes the relation."""
    copied = Proposal((Triple("sourdough", "contains", "lactic acid bacteria"),), (), "ok")
    resolver = Resolver(echoes=EXAMPLE)
    assert [r.rule for r in resolve(copied, Graph(), "silk", resolver).rejects] == ["echo of the prompt"]
    assert resolve(copied, Graph(), "silk", RESOLVE).relations


def test_verbatim_takes_every_name_as_it_stands() -> None:
    """With resolution off two spellings are two concepts and junk is kept, as in the paper."""
    said = Proposal(
        (Triple("Pollution Mitigation", "IS-A", "Pollution mitigation"), Triple("it", "is", "strong")), (), "ok"
    )
    delta = resolve(said, Graph(), "silk", VERBATIM)
    assert [c.key for c in delta.concepts] == ["Pollution Mitigation", "Pollution mitigation", "it", "strong"]
    assert delta.relations[0].relation.predicate == "IS-A"


def test_self_loops_are_kept_as_the_paper_does() -> None:
    """A concept related to itself stays in the graph, by its canonical key."""
    delta = resolve(Proposal((Triple("Brains", "influences", "the brain"),), (), "ok"), Graph())
    assert [(s.relation.source, s.relation.target) for s in delta.relations] == [("brain", "brain")]


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [("IS-A", "is a"), ("isPartOf", "part of"), ("RELATES-TO", "related to"), ("is_used_in", "used in"),
     ("are resistant to", "prevents"), ("can be used in", "used in"), ("made from", "contains"),
     ("photosynthesises with", "photosynthesises with"), ("", "related to"), ("...", "related to")],
)  # fmt: skip
def test_predicates_share_one_wording(raw: str, canonical: str) -> None:
    """Case, hyphens, CamelCase and synonyms lead to the vocabulary's wording; an unknown one keeps its own."""
    assert canonical_predicate(raw) == canonical


def test_no_wording_stands_for_two_predicates() -> None:
    """Every canonical wording means itself, so that resolving twice changes nothing."""
    assert all(vocabulary()[canon] == canon for canon in set(vocabulary().values()))
