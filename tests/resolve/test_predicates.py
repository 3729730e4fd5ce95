"""Predicates: one wording and one direction for a relation, and a vocabulary that users can edit."""

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from graphgrow.errors import BadInput
from graphgrow.graph.events import read_events
from graphgrow.graph.model import Expansion
from graphgrow.parse.reply import parse
from graphgrow.resolve.predicates import FALLBACK, Unmapped, Vocabulary, Wording, read, vocabulary
from tests.conftest import RECORDED

MOST = 60
# A sentence that is turned, and the same said straight.
PAIRS = [
    (("bird", "has subtype", "owl"), ("owl", "is a", "bird")),
    (("fibroin", "is part of", "silk"), ("silk", "is composed of", "fibroin")),
    (("optics", "is a branch of", "physics"), ("physics", "includes", "optics")),
    (("hardness", "is a property of", "diamond"), ("diamond", "has", "hardness")),
    (("elasticity theory", "is the basis of", "finite element analysis"),
     ("finite element analysis", "is based on", "elasticity theory")),
    (("lotus leaf", "inspires", "self-cleaning paint"), ("self-cleaning paint", "is inspired by", "lotus leaf")),
    (("aluminium", "is mined from", "bauxite"), ("bauxite", "is converted into", "aluminium")),
    (("fatigue", "is caused by", "cyclic load"), ("cyclic load", "leads to", "fatigue")),
    (("rust", "results from", "oxidation"), ("oxidation", "results in", "rust")),
    (("weld", "was made by", "robot"), ("robot", "makes", "weld")),
    (("Persia", "founder", "Cyrus"), ("Cyrus", "creates", "Persia")),
    (("strength", "depends on", "grain size"), ("grain size", "affects", "strength")),
    (("toughness", "is improved by", "nacre layers"), ("nacre layers", "improve", "toughness")),
    (("stiffness", "is increased by", "fibres"), ("fibres", "increase", "stiffness")),
    (("wear", "is reduced by", "coating"), ("coating", "can reduce", "wear")),
    (("epoxy", "is vulnerable to", "ultraviolet light"), ("ultraviolet light", "degrades", "epoxy")),
    (("polymer", "is reinforced with", "glass fibre"), ("glass fibre", "reinforces", "polymer")),
    (("corrosion", "is inhibited by", "chromium"), ("chromium", "prevents", "corrosion")),
    (("impact", "is resisted by", "helmet"), ("helmet", "withstands", "impact")),
    (("head", "is protected by", "helmet"), ("helmet", "is designed to protect", "head")),
    (("flight", "is enabled by", "light alloys"), ("light alloys", "allow for", "flight")),
    (("heat", "is essential for", "sintering"), ("sintering", "requires", "heat")),
    (("AKT", "is activated by", "PI3K"), ("PI3K", "activates", "AKT")),
    (("asbestos", "was replaced by", "aramid"), ("aramid", "replaces", "asbestos")),
    (("scalpel", "is sterilized with", "steam"), ("steam", "is used to sterilize", "scalpel")),
    (("nucleus", "is held together by", "strong force"), ("strong force", "maintains", "nucleus")),
    (("energy", "is absorbed by", "foam"), ("foam", "dissipates", "energy")),
    (("drug", "is released from", "hydrogel"), ("hydrogel", "releases", "drug")),
    (("load", "is transmitted by", "shaft"), ("shaft", "transmits", "load")),
    (("protein", "is encoded by", "gene"), ("gene", "encodes", "protein")),
    (("shade", "is provided by", "trees"), ("trees", "provide", "shade")),
    (("X-rays", "are used by", "radiologists"), ("radiologists", "use", "X-rays")),
    (("photonics", "is an application of", "lasers"), ("lasers", "are often used in", "photonics")),
    (("hardness", "is measured using", "indenter"), ("indenter", "measures", "hardness")),
    (("crash", "is modelled with", "finite elements"), ("finite elements", "simulate", "crash")),
    (("stress", "is described by", "tensor"), ("tensor", "represents", "stress")),
    (("Nineveh", "is mentioned in", "Book of Jonah"), ("Book of Jonah", "mentions", "Nineveh")),
    (("creep", "is studied by", "metallurgists"), ("metallurgists", "investigate", "creep")),
    (("steel", "is processed by", "rolling mill"), ("rolling mill", "processes", "steel")),
    (("audit", "is performed by", "inspector"), ("inspector", "performs", "audit")),
    (("thermal shock", "is experienced by", "ceramic"), ("ceramic", "undergoes", "thermal shock")),
    (("kinase", "is involved in", "signalling"), ("signalling", "involves", "kinase")),
    (("bone", "hosts", "osteocytes"), ("osteocytes", "are found in", "bone")),
    (("Iron Age", "follows", "Bronze Age"), ("Bronze Age", "is followed by", "Iron Age")),
    (("Iron Age", "predecessor", "Bronze Age"), ("Bronze Age", "successor", "Iron Age")),
    (("wood density", "is below", "steel density"), ("steel density", "is above", "wood density")),
    (("tooth", "is covered with", "enamel"), ("enamel", "covers", "tooth")),
]  # fmt: skip


@pytest.mark.parametrize(("turned", "straight"), PAIRS)
def test_turned_sentence_says_what_the_straight_one_says(
    turned: tuple[str, str, str], straight: tuple[str, str, str]
) -> None:
    """Exchange the ends of the turned sentence and both are one relation."""
    (b, passive, a), (source, active, target) = turned, straight
    assert read(passive) == Wording(read(active).predicate, turned=True)
    assert not read(active).turned
    assert (a, b) == (source, target)


def test_every_predicate_with_a_turned_form_has_its_pair() -> None:
    """No direction stands in the vocabulary without a sentence that shows it."""
    shown = {read(passive).predicate for (_, passive, _), _ in PAIRS}
    assert shown == set(vocabulary().inverses)


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [("IS-A", "is a"), ("isPartOf", "part of"), ("RELATES-TO", "related to"), ("is_used_in", "used in"),
     ("are resistant to", "resists"), ("can be used in", "used in"), ("made from", "contains"),
     ("is a type of", "is a"), ("can cause", "causes"), ("directly affects", "influences"), ("↑", "increases"),
     ("is founder", "is founder"), ("is caused by", "caused by"), ("helps in", "enables"),
     ("may help protect", "protects"), ("photosynthesises with", "photosynthesises with"),
     ("", "related to"), ("...", "related to")],
)  # fmt: skip
def test_predicates_share_one_wording(raw: str, canonical: str) -> None:
    """Case, hyphens, CamelCase, auxiliaries and synonyms lead to one wording; source and target stay where they are."""
    assert vocabulary().canonical(raw) == canonical


@pytest.mark.parametrize(
    "raw", ["does not affect", "is not related to", "cannot withstand", "fails to capture", "is used"]
)
def test_negation_and_half_a_predicate_stay_as_said(raw: str) -> None:
    """What says the opposite, or too little, is mapped to nothing and proposed for nothing."""
    assert read(raw) == Wording(raw)
    assert [row.proposal for row in vocabulary().unmapped({raw: 1})] == [""]


def test_vocabulary_is_bounded() -> None:
    """Few predicates, each one its own wording, fit to be an enum in a JSON schema."""
    names = vocabulary().names
    assert len(set(names)) == len(names) <= MOST
    assert [read(name) for name in names] == [Wording(name) for name in names]


@given(st.text() | st.sampled_from(sorted(vocabulary().wordings)) | st.lists(st.sampled_from(
    ["is", "are", "can", "be", "a", "the", "often", "used", "by", "of", "has", "helps", "to", "not", "↑", "-"]
)).map(" ".join))  # fmt: skip
@example("0|\u00a1")
def test_canonical_predicate_is_idempotent(raw: str) -> None:
    """Any wording gives a wording that gives itself, and says which way round it stands."""
    once = vocabulary().canonical(raw)
    assert once
    assert vocabulary().canonical(once) == once
    assert read(once) == read(raw)


def write(folder: Path, text: str) -> Path:
    """Return a vocabulary file with a text."""
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_own_vocabulary(tmp_path: Path) -> None:
    """A user's file gives its own predicates, with base forms and directions."""
    mine = Vocabulary.load(write(tmp_path, '[bakes]\nsame = ["roasts"]\nturned = ["baked by"]\n["is a"]\n'))
    assert mine.names == ("bakes", "is a")
    assert mine.read("was baked by") == Wording("bakes", turned=True)
    assert [mine.canonical(raw) for raw in ("roast", "was baked by", "causes")] == ["bakes", "baked by", "causes"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[causes\n", "is no vocabulary: .*line 1"),
        ("", "names no predicate"),
        ('causes = ["leads to"]', "is no vocabulary"),
        ('[causes]\nsames = ["leads to"]', "is no vocabulary"),
        ('[causes]\nsame = [""]', 'predicate "causes" has ""'),
        ("[Causes]\n", 'predicate "Causes" has "Causes": write it in lower-case words'),
        (
            '[causes]\nsame = ["leads to"]\n[produces]\nsame = ["Leads-To"]',
            '"Leads-To" is listed under "causes" and "produ',
        ),
        ('[causes]\nsame = ["made by"]\nturned = ["is made by"]', '"is made by" is listed under "causes" and "causes"'),
        ('[causes]\nsame = ["makes"]\n[makes]\nsame = ["causes"]', '"makes" of "causes" is a predicate itself'),
        ('[causes]\nturned = ["causes"]', '"causes" of "causes" is a predicate itself'),
    ],
)
def test_broken_vocabulary_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    """A file that cannot be used says where and what."""
    with pytest.raises(BadInput, match=complaint):
        Vocabulary.load(write(tmp_path, text))


def test_missing_vocabulary_is_refused(tmp_path: Path) -> None:
    """A path without a file is our own error."""
    with pytest.raises(BadInput, match="cannot be read"):
        Vocabulary.load(tmp_path / "none.toml")


def test_unmapped_wordings_come_with_a_proposal() -> None:
    """The most frequent unknown wording is first, its spellings count together, the most alike predicate is named."""
    rows = vocabulary().unmapped(
        {"is reinforcd by": 2, "photosynthesises": 9, "causes": 50, "IS_REINFORCD_BY": 3, "...": 4}
    )
    assert rows == [
        Unmapped("photosynthesises", 9, "", turned=False, score=0.0),
        Unmapped("is reinforcd by", 5, "reinforces", turned=True, score=rows[1].score),
    ]
    assert 0.9 < rows[1].score < 1


def coverage(replies: list[str]) -> float:
    """Return the share of statements whose predicate the vocabulary lists."""
    said = Counter(triple.predicate for reply in replies for triple in parse(reply).triples)
    return sum(count for raw, count in said.items() if vocabulary().look_up(raw)) / said.total()


def test_coverage_of_the_recorded_run() -> None:
    """More than nine in ten statements of the recorded run have a predicate of the vocabulary."""
    assert coverage([e.reply.text for e in read_events(RECORDED) if isinstance(e, Expansion)]) > 0.9


def test_coverage_of_the_traces(shared: Path) -> None:
    """So have nearly nine in ten of another model's."""
    with gzip.open(shared / "graph-preflexor-3b-traces.jsonl.gz", "rt", encoding="utf-8") as lines:
        assert coverage([json.loads(line)["raw_output"] for line in lines]) > 0.85


@pytest.mark.parametrize(
    ("wording", "meaning"),
    [
        ("promotes", Wording("promotes", predicate_class="improves")),
        ("can promote", Wording("promotes", predicate_class="improves")),
        ("is promoted by", Wording("promotes", turned=True, predicate_class="improves")),
        ("is improved by", Wording("improves", turned=True)),
        ("strongly promotes growth of", Wording("strongly promotes growth of", predicate_class="improves")),
        ("does not promote", Wording("does not promote")),
        ("consists of", Wording("contains")),
        ("is a kind of", Wording("is a")),
        ("phosphorylates", Wording("phosphorylates")),
        ("", Wording("related to")),
    ],
)
def test_an_exact_verb_stays_with_its_class_beside_it(wording: str, meaning: Wording) -> None:
    """What is only a case of a broad predicate is no other word for it; what means the same still is."""
    assert vocabulary().read_verb(wording) == meaning


def test_every_verb_is_a_case_of_what_it_is_read_as_else() -> None:
    """The class of a verb is the predicate that small prompts press it into, in the same direction."""
    for wording, verb in vocabulary().verbs.items():
        plain = vocabulary().look_up(wording)
        assert plain == Wording(verb.predicate_class, verb.turned), wording


def test_signs_are_predicates_of_their_own() -> None:
    """What differs in its sign is no one relation, and punctuation alone says nothing."""
    signs = ["∈", "∉", "→", "↛", "⊣", "≈", "±", "⊂", "⊄", "~", "=", "!=", "->", "<", "<="]
    assert len({read(sign).predicate for sign in signs}) == len(signs)
    assert all(read(f"is {sign}") == read(sign) for sign in signs)
    assert read("is → of").predicate != read("is ⊣ of").predicate
    assert {read(mark).predicate for mark in ("-", "--", "/", "?", "...", "&", "*")} == {FALLBACK}
