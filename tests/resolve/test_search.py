"""Search in a whole graph by whatever people type."""

import pytest

from graphgrow.errors import BadInput
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.model import Concept, Delta, Edit, Relation, Statement, Triple
from graphgrow.resolve.search import search

NAMES = {
    "carbon fiber": ("carbon fibers", "CF"), "aluminum oxide": (), "light-weight armor": (), "polyurethane foam": (),
    "polyvinyl chloride": ("PVC",), "碳纤维复合材料": (), "แรงดึงผิว": (),
    "Young's modulus": (), "steel": (), "tungsten steel": (),
}  # fmt: skip


def graph() -> Graph:
    """Return concepts with spellings, all of them related to steel, one of them by another predicate."""
    concepts = tuple(Concept(name, name, aliases) for name, aliases in NAMES.items())
    said = [
        Relation(name, "is harder than" if "oxide" in name else "is a", "steel") for name in NAMES if name != "steel"
    ]
    statements = tuple(Statement(one, Triple(one.source, one.predicate, one.target)) for one in said)
    return fold([Edit(1, "add", Delta(concepts, relations=statements))])


@pytest.mark.parametrize(
    ("text", "name"),
    [("carbon fibers", "carbon fiber"), ("carbon fibre", "carbon fiber"), ("Carbon-Fibre", "carbon fiber"),
     ("carbonfiber", "carbon fiber"), ("fiber carbon", "carbon fiber"), ("cf", "carbon fiber"),
     ("carbn fibr", "carbon fiber"), ("aluminium", "aluminum oxide"), ("lightweight armour", "light-weight armor"),
     ("polyuretane", "polyurethane foam"), ("pvc", "polyvinyl chloride"), ("复合", "碳纤维复合材料"),
     ("ดึง", "แรงดึงผิว"), ("youngs modulus", "Young's modulus"), ("young modulus", "Young's modulus"),
     ("chlor", "polyvinyl chloride"), ("steel", "steel"), ("steal", "steel"), ("tungst", "tungsten steel")],
)  # fmt: skip
def test_a_concept_is_found_however_it_is_typed(text: str, name: str) -> None:
    """Aliases, British spelling, hyphens, joined words, their order, slips, scripts without blanks."""
    first = search(graph(), text)[0]
    assert (first.kind, first.name) == ("concept", name)


def test_the_spelling_that_was_found_is_said() -> None:
    """Who typed an alias sees why that concept is found; a name of its own needs no word."""
    assert search(graph(), "PVC")[0].also == "PVC"
    assert search(graph(), "steel")[0].also == ""


def test_predicates_are_found_with_what_they_join() -> None:
    """A predicate comes after the concepts, with the number of its relations."""
    found = [one for one in search(graph(), "harder") if one.kind == "predicate"]
    assert [(one.name, one.keys, one.links) for one in found] == [("is harder than", ("aluminum oxide", "steel"), 1)]


@pytest.mark.parametrize("text", ["", "   ", "?!", "zzqxv", "q", "(" * 500, "%s {0} <b>"])
def test_what_is_nowhere_finds_nothing(text: str) -> None:
    """Neither blanks nor marks nor nonsense bring everything, or an error."""
    assert search(graph(), text) == []


@pytest.mark.parametrize(
    ("text", "name", "keys"),
    [("aluminium oxide is harder than steel", "aluminium oxide is harder than steel", {"aluminum oxide", "steel"}),
     ("is harder than", "is harder than …", set[str]()), ("* is harder than steal", "", set[str]()),
     ("oxide is harder than", "oxide is harder than …", {"aluminum oxide", "steel"}),
     ("* is harder than STEEL", "… is harder than steel", {"aluminum oxide", "steel"}),
     ("CF is a ?", "cf is a …", {"carbon fiber", "steel"}), ("steel is a carbon fiber", "", set[str]())],
)  # fmt: skip
def test_words_around_a_predicate_find_what_says_so(text: str, name: str, keys: set[str]) -> None:
    """Either side may be left out, but not both, and the sides are not exchanged."""
    found = [one for one in search(graph(), text) if one.kind == "pattern"]
    assert [(one.name, set(one.keys), one.links) for one in found] == ([(name, keys, len(keys))] if keys else [])
    assert not found or search(graph(), text)[0] == found[0]


def test_a_concept_that_is_called_like_a_relation_comes_first() -> None:
    """Whoever types its whole name means it."""
    known = graph()
    known.apply(Edit(2, "add", Delta((Concept("pvc is a", "PVC is a"),))))
    assert search(known, "PVC is a")[0].kind == "concept"


def test_no_more_than_asked_for() -> None:
    """A list of suggestions stays short, the most connected first where names fit as well."""
    found = search(graph(), "e", limit=3)
    assert len([one for one in found if one.kind == "concept"]) == 3


@pytest.mark.parametrize(
    ("pattern", "names"),
    [(r"/fib(er|re)s?$/", {"carbon fiber"}), (r"/^POLY\w+ [fc]/", {"polyurethane foam", "polyvinyl chloride"}),
     ("/^.{3}$/", {"polyvinyl chloride"}), ("/复.材/", {"碳纤维复合材料"}),
     ("/steel$/", {"steel", "tungsten steel"}), ("/zzz/", set()), ("/harder/", set())],
)  # fmt: skip
def test_a_regular_expression_stands_between_slashes(pattern: str, names: set[str]) -> None:
    """It fits anywhere in any spelling, whatever the capitals; several come together in one row before them."""
    found = search(graph(), pattern)
    assert {one.name for one in found if one.kind == "concept"} == names
    together = [one for one in found if one.kind == "pattern"]
    assert [(set(one.keys), one.links) for one in together] == ([(names, len(names))] if len(names) > 1 else [])
    assert [one.name for one in found if one.kind == "predicate"] == (["is harder than"] if "harder" in pattern else [])


@pytest.mark.parametrize("pattern", ["/(a+)+$b/", "/(a|aa)*c/", "/(.*)*x(.*)*y/"])
def test_no_regular_expression_takes_longer_than_the_names(pattern: str) -> None:
    """What others try for years to fit is over at once: there is no going back in a text."""
    long = Concept("long", "a" * 4000)
    assert search(fold([Edit(1, "add", Delta((long,)))]), pattern) == []


@pytest.mark.parametrize("pattern", ["/(/", "/a{5000}/", "/(?=a)/", r"/(a)\1/", "/[z-a]/"])
def test_what_is_no_regular_expression_is_one_sentence(pattern: str) -> None:
    """The reason stands in it; what would need going back is none either."""
    with pytest.raises(BadInput, match=r"is no regular expression that is understood here: \S"):
        search(graph(), pattern)
