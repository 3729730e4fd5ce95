"""Amounts in the place of a concept: quantities of a relation to a property, and never nodes."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Proposal, Qualifiers, Quantity, Relation, Triple
from graphgrow.resolve.options import open_resolver
from graphgrow.resolve.resolve import PROPERTY, RESOLVE, VERBATIM, Resolver, read_property, resolve
from graphgrow.resolve.units import read_amount

AMOUNTS = [
    ("400 MPa", "400", "MPa"), ("3.6 GPa", "3.6", "GPa"), ("about 200-400 nm", "about 200-400", "nm"),
    ("1,200 kg/m\u00b3", "1,200", "kg/m\u00b3"),
    ("1.2 \u00d7 10^-9 m", "1.2 \u00d7 10^-9", "m"), ("5e-3 mol/L", "5e-3", "mol/L"),
    ("-20 \u00b0C", "-20", "\u00b0C"), ("60 Hz", "60", "Hz"), ("90 degrees", "90", "degrees"), ("7 days", "7", "days"),
    ("0.5 W/m\u00b7K", "0.5", "W/m\u00b7K"), ("12 %", "12", "%"), ("26", "26", ""),
]  # fmt: skip
NAMES = ["3D", "4K", "5G", "3M", "316L", "6061 aluminium", "3D printing", "5 nm gold nanoparticle", "Ti-6Al-4V", "C60",
         "1,2-dichloroethane", "18 karat gold", "pH electrode", "kevlar", "", "2-propanol", "10 % strain"]  # fmt: skip


@pytest.mark.parametrize(("text", "value", "unit"), AMOUNTS)
def test_a_number_with_a_unit_is_an_amount(text: str, value: str, unit: str) -> None:
    """The number as it was written, and its unit."""
    assert read_amount(text) == Quantity(value, unit)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_with_a_number_in_it_is_none(name: str) -> None:
    """What stands behind the number has to be a unit, and nothing else."""
    assert read_amount(name) is None


@pytest.mark.parametrize(
    ("said", "thing", "of"),
    [
        (("steel", "has tensile strength of", "400 MPa"), "steel", "tensile strength"),
        (("tensile strength of steel", "is", "400 MPa"), "steel", "tensile strength"),
        (("400 MPa", "is the tensile strength of", "steel"), "steel", "tensile strength"),
        (("iron", "melts at", "1538 \u00b0C"), "iron", "melting point"),
        (("bridge", "weighs", "300 tonnes"), "bridge", "mass"),
        (("membrane", "pore size", "5 nm"), "membrane", "pore size"),
        (("chip", "operates at", "5 V"), "chip", "voltage"),
        (("steel", "is heated to", "300 \u00b0C"), "steel", "temperature"),
        (("dough", "rises for", "4 hours"), "dough", "duration"),
        (("iron", "has atomic number", "26"), "iron", "atomic number"),
        (("silk", "has", "tensile strength of about 1.3 GPa"), "silk", "tensile strength"),
        (("isotope", "exhibits", "half-life of 5 days"), "isotope", "half-life"),
        (("resin", "has property", "density: 1.2 g/cm3"), "resin", "density"),
        (("carbon", "has a melting point of", "3550 \u00b0C"), "carbon", "melting point"),
        (("Wales", "hasPopulation", "3100000"), "Wales", "population"),
        (("film", "had a budget of", "12"), "film", "budget"),
        (("Wales", "population in 2020", "3100000"), "Wales", "population"),
        (("film", "has budget", "12 USD"), "film", "budget"),
        (("lens", "focal length", "50 mm"), "lens", "focal length"),
    ],
)
def test_which_property_it_is_of(said: tuple[str, str, str], thing: str, of: str) -> None:
    """It stands in the predicate, in the other name, or the unit is of one property alone."""
    reading = read_property(Triple(*said), "metals")
    assert reading is not None
    assert (reading.source, reading.target) == (thing, of)


@pytest.mark.parametrize(
    "said",
    [("steel", "is", "400 MPa"), ("rye", "contains", "12 %"), ("silk", "elongates by", "30 %"), ("1 m", "is", "100 cm"),
     ("steel", "has", "400 MPa"), ("steel", "contains", "carbon"), ("car", "has", "12 V battery"),
     (">65 years", "have", "frailty"),
     ("ink", "contains", "5 nm gold nanoparticle"), ("film", "is made of", "polymer of 5 nm"),
     ("Curie", "was born in", "1867"), ("war", "began in", "1939"), ("novelist", "wrote", "1984"),
     ("firm", "first sold phones in", "2007"), ("frame", "is made of", "7075"), ("team", "has won in", "1966"),
     ("team", "has won", "12 %"), ("song", "was sung by", "112"), ("firm", "changed location in", "1976"),
     ("actor", "wore", "42"), ("bridge", "stood until", "1940"), ("tower", "burned down on", "1834")],
)  # fmt: skip
def test_no_property_is_made_up(said: tuple[str, str, str]) -> None:
    """Pascals, metres and per cents are of many properties: where nobody says of which, nothing is read."""
    assert read_property(Triple(*said), "metals") is None


def brought(*said: tuple[str, str, str], resolver: Resolver = RESOLVE, beside: Qualifiers | None = None) -> Graph:
    """Return the graph that a reply of these triples makes."""
    triples = tuple(Triple(*one) for one in said)
    qualifiers = dict.fromkeys(triples, beside) if beside else {}
    graph = Graph(topic="metals")
    from graphgrow.graph.model import Edit

    graph.apply(Edit(1, "add", resolve(Proposal(triples, (), "ok", qualifiers=qualifiers), graph, "metals", resolver)))
    return graph


def test_an_amount_is_a_quantity_and_no_concept() -> None:
    """The relation is to the property, the words that were said stay, what was said beside it too."""
    graph = brought(("steel", "has tensile strength of", "400 MPa"), beside=Qualifiers(why="It is hard."))
    assert set(graph.concepts) == {"steel", "tensile strength"}
    relation = Relation("steel", PROPERTY, "tensile strength")
    (evidence,) = graph.relations[relation]
    assert evidence.raw == Triple("steel", "has tensile strength of", "400 MPa")
    assert evidence.qualifiers == Qualifiers(why="It is hard.", quantity=Quantity("400", "MPa"))


def test_two_amounts_of_one_property_are_two_pieces_of_evidence() -> None:
    """What differs in its number is no other relation."""
    graph = brought(("steel", "has tensile strength of", "400 MPa"), ("steel", "tensile strength", "550 MPa"))
    ((relation, evidence),) = graph.relations.items()
    assert relation.target == "tensile strength"
    assert [str(one.quantity) for one in graph.qualifiers(relation)] == ["400 MPa", "550 MPa"]
    assert len(evidence) == 2


def test_an_amount_of_nothing_is_kept_out_with_its_rule() -> None:
    """It is said why it did not come in; a rule that is left out lets it in as a name."""
    proposal = Proposal((Triple("steel", "is", "400 MPa"),), (), "ok")
    (reject,) = resolve(proposal, Graph(topic="metals"), "metals").rejects
    assert (reject.text, reject.rule) == ("400 MPa", "quantity")
    for resolver in (open_resolver(("quantity",)), VERBATIM):
        held = brought(("steel", "has tensile strength of", "400 MPa"), resolver=resolver)
        assert {concept.name for concept in held.concepts.values()} == {"steel", "400 MPa"}


@given(st.text(max_size=200), st.text(max_size=60), st.text(max_size=200))
@example("0", "elastic modulus", "")
@example("", "has property", "density 5 kg")
def test_nothing_breaks_the_reading(source: str, predicate: str, target: str) -> None:
    """Whatever a model says, it is read or it is not, and what is read names both ends."""
    reading = read_property(Triple(source, predicate, target), "metals")
    assert reading is None or (reading.source and reading.target and reading.quantity.value)
