"""Hygiene: real junk stays out, real concepts stay in."""

import csv
import gzip
import json
import runpy
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphgrow.errors import BadInput
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import bare, canonical
from graphgrow.graph.model import Proposal, Triple
from graphgrow.parse.reply import parse
from graphgrow.prompts.render import EXAMPLE, template
from graphgrow.resolve.hygiene import RULES, Hygiene, as_property, broken_rule, broken_rules
from graphgrow.resolve.resolve import RESOLVE, VERBATIM, Resolver, resolve

ROOT = Path(__file__).parents[2]
TOPIC = "impact resistant materials"
# Every one of these was proposed by a real model: the local one, or those of the rejected replies. No recorded reply
# switches to another European language, so `language` has made examples.
JUNK = {
    "no letters": ["705-681", "...", "42"],
    "too long": ["a material that " + "very " * 20 + "tough"],
    "quantity": ["8.3 grams", "2500 km", "18 years", "91 meters", "11 days"],
    "markup": ["silk<br>", "spider<b>silk</b>", "a|b", "[[Nacre]]", "fracture}{source:", "<b>silk</b>", "Category]]", "https://example.org/x"],
    "prefix": ["instance: Person", "type: protein", "y:Babylon", "yagoClass:Reign", "historical:Assyria"],
    "identifier": ["Q18034", "concept_12", "node 3", "Q1412:Babylon", "Q104325 Rebus"],
    "placeholder": ["Name of the person or place", "No further information available"],
    "pronoun": ["it", "They", "others", "each other", "all"],
    "bare adjective": [
        "resistant", "strong", "high", "resistant to deformation", "impact resistant", "fiber-reinforced", "coated",
        "highly effective", "lightweight and form-fitting", "high strength and lightweight", "polymeric", "Ruined",
        "high elastic", "low-maintenance", "environmentally friendly", "conformable", "medical",
    ],
    "fragment": ["such a", "rise in", "based on", "impact on", "made a", "a type of",
        "used in", "a benefit of", "processed into",
        "of Macedon", "to surfaces", "nacre (shell"],
    "stutter": ["ceramic composite composite", "ceramic composite composite composite"],
    "verb phrase": [
        "reduce damage", "create impact resistant materials", "bind materials", "protect", "prevents failure",
        "be influenced by environmental conditions", "making strong materials", "is a material which resists impact",
        "resist impact", "using catapults",
    ],
    "sentence": [
        "silk is strong", "used in various construction applications",
        "composed of materials that possess a high degree of strength and durability",
        "Sargon the Great doesn't seem right",
        "The model is trained to predict the next state of the system",
    ],
    "vague": [
        "several reasons", "various advantages", "different ways",
        "wide range of applications", "different materials", "new manufacturing techniques", "unique properties",
        "ability", "special treatment", "performance of other materials", "Many forms of media",
    ],
    "praise": ["enhanced safety", "longer product life", "powerful tool for forging", "reduced likelihood of injuries"],
    "script": ["神经网络"],
    "language": ["Fasern und Matrix", "charge dans une fibre", "resistencia por una fibra", "proprietà delle leghe"],
}  # fmt: skip
# What a rule could take for junk, and must not.
CONCEPTS = {
    "no letters": ["The 1975", "C60", "316L", "μ"],
    "too long": ["poly(3,4-ethylenedioxythiophene) polystyrene sulfonate"],
    "quantity": ["127 Hours", "60 Minutes", "3D printing", "4K", "5G", "3M", "6061 aluminium",
        "5 nm gold nanoparticle", "Ti-6Al-4V"],
    "markup": ["metal-organic framework", "p < .05 level", "A/B test", "C++", "F#", "{111} plane", "<110> direction",
        "P(A|B)", "Kullback-Leibler divergence KL(P||Q)", "|\u03c8\u27e9 state", "List<T>", "std::vector<int>",
        "set {0,1}"],
    "prefix": ["Nd:YAG laser", "C:N ratio", "Ti:sapphire laser", "2:1 phyllosilicate", "property testing"],
    "identifier": ["p53", "IL-6", "Mg2Si", "Q235 steel", "Q10 temperature coefficient", "AISI 52100 steel",
        "node of Ranvier", "concept map", "ISO 10993", "coenzyme Q10", "type 2 collagen"],
    "placeholder": ["no-slip condition", "not gate", "nomenclature"],
    "pronoun": ["IT security", "all-atom simulation", "It\u00f4 calculus", "I"],
    "bare adjective": [
        "high entropy alloy", "high-performance computing", "nacre", "Nacre", "self-healing", "creep", "wear", "heat",
        "plastic", "ceramic", "composite", "chemical", "variable", "crucible", "infrared", "speed", "LED", "light",
        "carbon fiber reinforced polymer", "high strength", "high elastic modulus", "adhesive", "supply chain",
        "fly ash", "mathematical proof", "thermally activated delayed fluorescence", "callable",
    ],
    "fragment": [
        "in situ hybridization", "de novo design", "vitamin A", "plug-in", "in vitro assay", "by-product", "for loop",
        "under-frequency load shedding", "out-of-plane buckling", "through silicon via", "at-home test", "a",
        "vitamin a", "hepatitis a", "log in", "stand by", "turn on", "head-on", "best of",
    ],
    "stutter": ["Walla Walla", "city of Walla Walla", "knock knock joke", "laser-laser interaction"],
    "verb phrase": [
        "increase in temperature", "CAN bus", "help desk", "can opener", "resist stripping", "protecting group",
        "reducing agent", "enabling technology", "design tools", "process control", "Be bronze",
        "support vector machine", "machining of steel", "measuring instruments",
        "lead zirconate titanate", "stress-relieving materials",
    ],
    "sentence": [
        "E. coli", "S. aureus", "Young's modulus", "work of fracture", "speed of light", "used cooking oil",
        "bed of nails", "need for cognition", "IS 456", "St. Louis", "Joseph P. Resnais", "c. 1900 BC",
    ],
    "vague": [
        "special relativity", "specific heat capacity", "many-body problem", "several complex variables", "free energy",
        "particular solution", "unique factorization", "number of cycles", "new product development", "stress",
        "shape memory alloy", "load bearing structure",
    ],
    "praise": [
        "enhanced oil recovery", "reduced graphene oxide", "improved Euler method", "superior vena cava",
        "wear and tear", "lower limb", "higher education", "fracture toughness", "quality of life",
    ],
    "script": ["β-sheet", "TiO2", "pH", "Hall-Petch effect", "β-ray", "DNA", "\u2113c"],
    "language": [
        "van der Waals force", "Le Chatelier's principle", "El Ni\u00f1o", "die casting", "vis-à-vis", "coup de grâce",
        "con artist", "pour point", "à trous algorithm",
        "machine learning", "3D printing", "crack growth", "5-axis milling", "high-strength steel",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("rule", "name"), [(rule, name) for rule, names in JUNK.items() for name in names])
def test_real_junk_breaks_the_rule_made_for_it(rule: str, name: str) -> None:
    """Each rule catches the junk it is named after."""
    assert broken_rule(name, TOPIC) == rule


def test_every_rule_has_its_examples() -> None:
    """No rule stands without real junk that it keeps out and concepts near to it that it lets in."""
    assert set(JUNK) == set(CONCEPTS) == set(RULES)


@pytest.mark.parametrize(("rule", "name"), [(rule, name) for rule, names in CONCEPTS.items() for name in names])
def test_near_misses_pass(rule: str, name: str) -> None:
    """Names of the trade are concepts, also those that look like what a rule is after."""
    assert rule not in broken_rules(name, TOPIC)
    assert broken_rule(name, TOPIC) == ""


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_can_be_switched_off(rule: str) -> None:
    """Switched off, a rule is never named; the others stay."""
    hygiene = Hygiene(off=frozenset({rule}))
    others = {hygiene(name, TOPIC) for names in JUNK.values() for name in names}
    assert rule not in others
    assert others >= set(RULES) - {rule}


def test_unknown_rule_is_refused_with_the_known_ones() -> None:
    """A misspelt rule does not switch off nothing in silence."""
    with pytest.raises(BadInput, match=r'no hygiene rule "sentences": the rules are no letters, too long, .*sentence'):
        Hygiene(off=frozenset({"sentences"}))


@given(
    st.text() | st.lists(st.sampled_from(["the", "and", "ed", "-", "(", "ly", " ", "is", "."])).map("".join), st.text()
)
def test_rules_are_total(name: str, topic: str) -> None:
    """Whatever the text, the answer is the name of a rule or nothing, and the same again."""
    rule = broken_rule(name, topic)
    assert rule in {"", *RULES}
    assert broken_rule(name, topic) == rule


def test_a_topic_in_another_language_keeps_its_names() -> None:
    """A topic with a letter or a function word of another language switches the language rule off."""
    names = ("Fasern und Matrix", "charge dans une fibre")
    for topic in ("Kohlefaser für Flugzeuge", "résistance aux chocs"):
        assert [broken_rule(name, topic) for name in names] == ["", ""]


@pytest.mark.parametrize(
    ("topic", "names"),
    [
        ("fysik på dansk", "hastighed|frihed|kærlighed|sted|smed"),
        ("kemi på svenska", "enkelhet|on|an"),
        ("énergie nucléaire", "combustible|cible|érable|on|or"),
        ("historia del arte", "pared|césped|fusible|hepatitis a"),
        ("storia della filosofia", "it|possibile"),
        ("philosophie de la nature", "sable|cible"),
        ("Geschichte der Chemie", "Glied|Frage an|Zug an"),
        ("công nghệ thông tin", "máy in|chữ to|the|in"),
        ("", "máy in|it dala\u015f\u0131|yüz on|kærlighed|Кто виноват?|Что делать?"),
        ("Русская литература", "Кто виноват?|Бедные люди"),
    ],
)
def test_english_grammar_says_nothing_of_another_language(topic: str, names: str) -> None:
    """Whether the topic is evidently not English, or the name is."""
    assert {name: broken_rule(name, topic) for name in names.split("|")} == dict.fromkeys(names.split("|"), "")


@pytest.mark.parametrize(
    "topic",
    ["Schrödinger equation", "façade engineering", "Simone de Beauvoir", "Ludwig van Beethoven", "coup d'état",
     "β-sheet", "Mies van der Rohe", "Tour de France", "naïve Bayes",
     "fin de siècle", "Leonardo di Caprio", "de novo design"],
)  # fmt: skip
def test_an_accent_or_a_name_makes_no_topic_foreign(topic: str) -> None:
    """English topics have such words too, and keep the rules of English grammar."""
    junk = {"it": "pronoun", "highly effective": "bare adjective", "reduce wear": "verb phrase", "rise in": "fragment"}
    assert {name: broken_rule(name, topic) for name in junk} == junk


def test_a_reply_in_another_language_is_known_by_its_names() -> None:
    """Where no topic says so: Finnish "he" is no pronoun of English; English predicates say that the names are."""
    finnish = (Triple("järvi", "sisältää", "vesi"), Triple("metsä", "kasvaa", "suo"), Triple("hän", "hoitaa", "he"))
    assert not resolve(Proposal(finnish, (), "ok"), Graph(), "Suomen luonto").rejects
    english = (Triple("crêpe suzette", "is made of", "flour"), Triple("bœuf", "is part of", "it"))
    assert [one.text for one in resolve(Proposal(english, (), "ok"), Graph(), "French dishes").rejects] == ["it"]


def test_a_number_or_word_that_was_declared_as_a_name_is_one() -> None:
    """A novel, a film, an alloy; not what no type declares, nor a property, a value or an identifier."""
    said = {"1984": "Novel", "It": "film", "Frozen": "Film", "7075": "aluminium alloy", "Target": "Company",
            "747": "Aircraft", "8 Mile": "movie", "Get Out": "film", "42": "", "1848": "Number",
            "Durable": "Property", "patched": "Gene", "it": "film", "Q18034": "Person"}  # fmt: skip
    triples = tuple(Triple("Tommy", "relates to", name) for name in said)
    types = tuple((name, kind) for name, kind in said.items() if kind)
    delta = resolve(Proposal(triples, (), "ok", types=types), Graph(), "things with names")
    assert {one.text for one in delta.rejects} == {"42", "1848", "Durable", "it", "Q18034"}


def test_of_two_scripts_with_as_many_letters_the_first_counts() -> None:
    """The verdict on a name is the same in every process."""
    assert [broken_rule(name, "silk") for name in ("кот cat", "cat кот")] == ["script", ""]


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


def test_another_models_concepts_pass(shared: Path) -> None:
    """Of 1,260 names that a larger model gave, rules that were not made for it refuse four, none of them a concept."""
    with gzip.open(shared / "graph-preflexor-3b-traces.jsonl.gz", "rt", encoding="utf-8") as lines:
        proposals = [parse(json.loads(line)["raw_output"]) for line in lines]
    names = {bare(name) for p in proposals for t in p.triples for name in (t.source, t.target)}
    names |= {bare(name) for p in proposals for name in p.names}
    assert len({canonical(name) for name in names}) == 1276
    assert {name for name in names if broken_rule(name, "materials")} == {"10%", "all", "dynamic", "Stiff"}


def test_echo_of_the_worked_example_is_kept_out() -> None:
    """A small model that copies the example brings nothing; a graph that knows one end takes the relation."""
    copied = Proposal((Triple("sourdough", "contains", "lactic acid bacteria"),), (), "ok")
    resolver = Resolver(echoes=EXAMPLE)
    assert [r.rule for r in resolve(copied, Graph(), "silk", resolver).rejects] == ["echo of the prompt"]
    assert resolve(copied, Graph(), "silk", RESOLVE).relations


@pytest.mark.parametrize("name", ["system", "survey_system"])
def test_every_name_of_a_worked_example_is_known_as_such(name: str) -> None:
    """The examples of the templates hold no name that a model could copy unnoticed."""
    examples = [line for line in template(name).splitlines() if line.startswith('{"relations"') and "sourdough" in line]
    said = parse("\n".join(examples)).triples
    assert said
    assert {canonical(end) for one in said for end in (one.source, one.target)} <= EXAMPLE


def test_a_copied_list_is_kept_out_and_what_may_be_meant_is_not() -> None:
    """Three targets of the example under one concept are copied; one may be true of water; sourdough has them all."""
    resolver = Resolver(echoes=EXAMPLE)
    names = ("wild yeast", "rye flour", "maltose", "kiln")
    listed = Proposal(tuple(Triple("clay", "contains", name) for name in names), (), "ok")
    delta = resolve(listed, Graph(), "silk", resolver)
    assert [r.rule for r in delta.rejects] == ["echo of the prompt"] * 3
    assert [said.relation.target for said in delta.relations] == ["kiln"]
    meant = Proposal(
        (Triple("water", "dissolves", "carbon dioxide"), Triple("water", "dissolves", "maltose")), (), "ok"
    )
    assert len(resolve(meant, Graph(), "silk", resolver).relations) == 2
    assert len(resolve(listed, Graph(), "sourdough", resolver).relations) == 4


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
    delta = resolve(Proposal((Triple("brains", "influences", "the Brain"),), (), "ok"), Graph())
    assert [(s.relation.source, s.relation.target) for s in delta.relations] == [("brain", "brain")]


def test_judged_sample_holds(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """At most 3 % of 200 sampled concepts of the recorded run are junk and 10 % of the rejects concepts, by hand."""
    script = str(ROOT / "benchmarks" / "hygiene.py")
    monkeypatch.setattr(sys, "argv", [script])
    assert runpy.run_path(script)["main"]() == 0, capsys.readouterr()


def test_judgements_are_complete() -> None:
    """Every name in the file is judged once, and junk says why."""
    with (ROOT / "data" / "judgements" / "concepts.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({row["name"] for row in rows}) == len(rows) > 600
    assert {row["junk"] for row in rows} == {"yes", "no"}
    assert all(row["note"] for row in rows if row["junk"] == "yes")


@pytest.mark.parametrize(
    ("said", "property_"),
    [
        ("strong", "strength"), ("Highly elastic", "elasticity"), ("biodegradable", "biodegradability"),
        ("heat resistant", "heat resistance"),
        ("Stretchable", "stretchability"), ("non-flammable", "non-flammability"), ("hydrophobic", "hydrophobicity"),
        ("tensile strength", "tensile strength"), ("Table", "Table"), ("high", "high"),
        ("flame-resistant and non-toxic", "flame-resistant and non-toxic"),
        ("excellent thermal conductivity", "thermal conductivity"), ("Good ductility", "ductility"), ("good", "good"),
        ("exceptional strength-to-weight ratio", "strength-to-weight ratio"), ("high strength", "high strength"),
        ("very good ductility", "very good ductility"),
    ],
)  # fmt: skip
def test_the_property_of_an_adjective(said: str, property_: str) -> None:
    """Only of a bare adjective whose noun is known; anything else stays what it is."""
    assert as_property(said) == property_


@given(st.text(max_size=30))
def test_no_text_is_a_name_for_nothing(text: str) -> None:
    """What is neither an adjective nor praised is left alone, and a property is none any more."""
    found = as_property(text)
    assert text.endswith(found) or "bare adjective" not in broken_rules(found, "")
