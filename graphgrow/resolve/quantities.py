"""Numbers with a unit in the place of a concept: they become quantities of a relation, and never nodes of the graph.

"steel - has tensile strength of - 400 MPa" says that steel has a property, the tensile strength, which is 400 MPa.
Which property it is stands in the predicate or in the other name, or the unit is of one alone (quantities.toml); where
none of these says so, nothing is made up. The words that were said stay as evidence.
"""

import re
from dataclasses import dataclass

from graphgrow.graph.model import Quantity, Triple
from graphgrow.resolve.hygiene import broken_rules
from graphgrow.resolve.predicates import Wording, folded, read
from graphgrow.resolve.units import property_of, read_amount, units

PROPERTY = "has property"
_LEAD = re.compile(
    r"^(?:(?:typically|usually|about|often|can|may|will) )*"
    r"(?:(?:has|have|had|with|exhibits|shows|possesses|displays|reaches|is|its|achieves|attains|features|offers"
    r"|provides|equals|measures|contains|averages|ranges)\b ?)?(?:an?|the|its|typical|average|maximum|minimum)?\b ?"
)  # fmt: skip
_TAIL = re.compile(
    r"(?:^| )(?:(?:value|level|range|ranging|equal|equals|up|is|are|was|reaches|of|to|at|about|around|approximately"
    r"|between|from|in|by|for|above|below|over|under|than|as)(?: |$))+$"
)
_OF = re.compile(r"(?P<property>.+?) (?:of|in|for) (?P<thing>.+)")
_VAGUE = frozenset(
    ("", "value", "level", "amount", "magnitude", "number", "size", "property", "properties", "quantity")
)
_NO_NOUN = frozenset(("bare adjective", "verb phrase", "fragment", "pronoun", "no letters", "vague", "placeholder"))
_THIRD_PERSON = re.compile(r"\w+[^siu]s")
_JOINT = re.compile(r"(?:\s*(?:\bof|\bis|\bat|\bup to|\babout|\baround|=|:|,|\())+$")
_BOUNDS = ("<", ">", "\u2264", "\u2265")
MOST_WORDS = 16  # of a name with an amount
_ARTICLE = re.compile(r"^(?:the|an?)\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PropertyReading:
    """What a triple with a quantity says: what has which property, and how much of it."""

    source: str
    target: str
    quantity: Quantity


def read_property(triple: Triple, topic: str) -> PropertyReading | None:
    """Return what a triple says of which one end is an amount; None where none is, or where nobody says of what."""
    for thing, amount in ((triple.source, triple.target), (triple.target, triple.source)):
        quantity = read_amount(amount)
        if quantity is None:
            continue
        if read_amount(thing) is not None:
            return None
        if name := _named(triple.predicate, topic):
            return PropertyReading(thing, name, quantity)
        if parts := _OF.fullmatch(thing):  # "tensile strength of steel"
            return PropertyReading(parts["thing"], _ARTICLE.sub("", parts["property"]), quantity)
        is_group = amount is triple.source and amount.lstrip().startswith(_BOUNDS)  # ">65 years - have - frailty"
        kind = "" if is_group else property_of(quantity.unit)
        return PropertyReading(thing, kind, quantity) if kind else None
    return _in_one_name(triple)


def _in_one_name(triple: Triple) -> PropertyReading | None:
    """Return what "has - tensile strength of 400 MPa" says, a property and its amount in one name; None for others.

    Only of a thing that is said to have it: "12 V battery" and "5 nm gold nanoparticle" are names of things.
    """
    if not any(map(str.isdigit, triple.target)) or read(triple.predicate) != Wording(PROPERTY):
        return None
    words = triple.target.split()[:MOST_WORDS]
    for place in range(1, len(words)):
        quantity = read_amount(" ".join(words[place:]))
        name = _JOINT.sub("", " ".join(words[:place]))
        if quantity and quantity.unit and name:
            return PropertyReading(triple.source, name, quantity)
    return None


def _named(predicate: str, topic: str) -> str:
    """Return the property that a predicate names, "" where it names none: "has a melting point of", "weighs"."""
    words, verbs = folded(predicate), units().verbs
    short = _TAIL.sub("", words)
    if found := verbs.get(words) or verbs.get(short):
        return found
    name = _TAIL.sub("", _LEAD.sub("", short, count=1)).strip()
    is_verb = words.startswith(name) and bool(_THIRD_PERSON.fullmatch(name))  # "rises for"
    if is_verb or name in _VAGUE or not _NO_NOUN.isdisjoint(broken_rules(name, topic)):
        return ""
    return "" if name.split()[-1].endswith(("ed", "ing")) or name.startswith(("to ", "used ")) else name
