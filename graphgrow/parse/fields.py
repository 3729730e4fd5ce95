"""Under which words files and replies keep the parts of a node and of a relation, and what a relation is qualified by.

A word is the name of a field without case, blanks and signs: `source_node_id`, `sourceNodeId` and `:Source Node-ID` are
one. In every tuple the most telling word comes first.

Qualifiers are reason, conditions, quantity, certainty and source. All of it is text of a model: one line each, without
control characters, of a bounded length. What cannot be read as what it should be is left out, and the relation stays.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import product
from typing import Any

from graphgrow.graph.keys import clean
from graphgrow.graph.model import Qualifiers, Quantity

_SIGNS = re.compile(r"[\W_]+")
WHY_CHARACTERS = 300
CONDITIONS_CHARACTERS = 200
SOURCE_CHARACTERS = 200
VALUE_CHARACTERS = 40
UNIT_CHARACTERS = 24
# The keys under which models put them, the most telling one first. The end of a relation is called "source" too, so
# that the source of a claim is asked for as "reference".
WHY = ("why", "reason", "because", "rationale", "mechanism", "explanation", "justification")
CONDITIONS = ("conditions", "condition", "when", "holds_when", "context", "scope", "limitations")
QUANTITY = ("quantity", "amount", "magnitude", "measurement")
CERTAINTY = ("certainty", "confidence", "probability", "likelihood")
REFERENCE = ("reference", "references", "citation", "citations", "sources", "source_note", "literature", "provenance")
WITHIN = ("qualifiers", "details", "properties", "attributes", "metadata")  # objects that models put these into
_VALUES = ("value", "amount", "number", "magnitude")
_UNITS = ("unit", "units")
_NOTHING = re.compile(
    r"(?:null|none|nil|nan|n/?a|unknown|not (?:applicable|known|available|specified)|[-\u2013\u2014?.])?"
)
_SIGN = (
    r"(?:about|approximately|approx\.?|around|roughly|circa|ca\.?|up to|at least|at most|over|under|between|from|above"
)
_SIGN += r"|below|more than|less than|[~\u2248<>\u2264\u2265=\u00b1])"
_FIGURE = r"[-+\u2212]?\d{1,3}(?:[ ,\u2009\u202f']\d{3})+(?:\.\d+)?|[-+\u2212]?\d*\.?\d+"
_TIMES = r"\s?[x\u00d7\u00b7*]\s?10"
_SUPERSCRIPT = r"[\u207a\u207b\u2070\u00b9\u00b2\u00b3\u2074-\u2079]+"
_POWER = rf"(?:{_TIMES}\s?(?:\^|\*\*)?\s?[-+\u2212]?\d+|{_TIMES}{_SUPERSCRIPT}|[eE][-+]?\d+)?"
_AMOUNT = re.compile(
    rf"(?P<value>(?:{_SIGN}\s*)*(?:{_FIGURE}){_POWER}"
    rf"(?:\s?(?:-|\u2013|\u2014|\.\.\.?|\u00b1|to|and)\s?(?:{_FIGURE}){_POWER})?)\s*(?P<unit>\D.*|)",
    re.IGNORECASE | re.DOTALL,
)  # fmt: skip
_MOST = 120  # characters of text with an amount


@lru_cache(maxsize=10_000)
def word(field: str) -> str:
    """Return the name of a field as the tables below have it."""
    return _SIGNS.sub("", field.casefold())


def _ends(roots: str, others: str, numbered: str) -> tuple[str, ...]:
    """Return the words for one end of a relation: roots alone, then with what may stand behind them."""
    kinds = ["", *("name label node nodename entity entityname concept term title text value id nodeid entityid "
                   "conceptid key uri iri curie index vertex vertexid").split()]  # fmt: skip
    things = "node entity concept term gene protein vertex item word name id drug disease".split()
    return (
        *(root + kind for kind, root in product(kinds, roots.split())),
        *others.split(),
        *(thing + number for number, thing in product(numbered.split(), things)),
    )


# Words that mean the end of a relation only where the other end has one too: they mean much else.
_LOOSE = frozenset("t h u v xname xid xindex yname yid yindex start end begin in out parent child".split())
SOURCE = _ends("source subject subj head from src", "startnode startnodeid startnodeelementid startnodename startid "
               "startnodekey s h u xname xid xindex start", "1 a")  # fmt: skip
TARGET = _ends("target object obj tail to dst dest destination tgt", "endnode endnodeid endnodeelementid endnodename "
               "endid endnodekey o t v yname yid yindex end", "2 b")  # fmt: skip
PREDICATE = tuple(
    "predicate predicatename predicatelabel pred relation relationship relationshipname relationname relationlabel "
    "relationshiplabel relationtype relationshiptype reltype rel verb verbphrase property propertyname propertylabel "
    "interaction interactiontype metaedge linktype linklabel edgelabel edgename edgetype edge "
    "connection relationshipdescription relationdescription p r label type kind title name".split()
)
NAME = tuple(
    "name preferredname displayname fullname preflabel title caption entityname nodename conceptname entityid entity "
    "concept term nodelabel".split()
)
ID = tuple("id nodeid identity identifier elementid uid uuid key index".split())
TYPE = tuple("type entitytype nodetype concepttype category class kind semantictype labels group".split())
NODES = frozenset("nodes entities concepts vertices nodeslist entitylist".split())
EDGES = frozenset("relations relationships edges links triples triplets edgelist rels statements facts".split())
INSIDE = ("properties", "attributes", "attrs", "data", "props", "metadata")  # objects that keep fields of a row
DIRECTIONS = frozenset("directed undirected mutual true false both none".split())  # what a field of directions says

# What nodes are commonly typed as, by words; a label that is one of these is no name beside a name.
CLASSES = frozenset(
    """agent animal article author biomarker brand cell celltype chemical city class company component compound concept
    condition country date device disease document drug element entity event facility food function gene geo group
    institution keyword location material measurement mechanism metabolite method molecule mutation node object
    organisation organism organization pathway patient person phenotype place plant process product property protein
    publication relation sideeffect species state structure substance symptom system task technology term theory thing
    time tissue tool topic treatment variable variant work""".split()
)
_GENERIC = frozenset(
    "entity node resource base thing literal uri bnode vertex default".split()
)  # types that say nothing
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_HANDLE = re.compile(r"(?P<prefix>[A-Za-z_]{0,8}[-_ :]?)\d+(?:\.0)?")
_OPAQUE = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{20,}|(?=[a-f]*\d)[0-9a-f]{16,}|\d+:[0-9a-f-]+:\d+", re.IGNORECASE)


def find(words: Iterable[str], table: Sequence[str], other: Sequence[str] = ()) -> str:
    """Return the most telling word of a table among words, "" where there is none.

    A word that means the end of a relation beside another end alone counts where `other` has a word too. Beside its own
    partner an end is more telling than others: of "subject", "object" and "source" the last is where the claim is from.
    """
    there = set(words)
    found = [one for one in table if one in there and (one not in _LOOSE or there & set(other))]
    partner = dict(zip(table, other, strict=False))
    return next((one for one in found if partner.get(one) in there), found[0] if found else "")


def is_number(text: str) -> bool:
    """Tell whether a text is a number and nothing else."""
    return bool(_NUMBER.fullmatch(text))


def decoded(value: object) -> Any:  # noqa: ANN401  # JSON
    """Return the list or object that a text of JSON holds, any other value as it is."""
    if isinstance(value, str) and value.lstrip()[:1] in {"{", "["}:
        try:
            inner = json.loads(value)
        except (ValueError, RecursionError):
            return value
        if isinstance(inner, (list, dict)):
            return inner
    return value


def flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with the fields of the objects inside it that only keep fields: `properties`, `data` and such."""
    inside = [inner for name in row if word(name) in INSIDE and isinstance(inner := decoded(row[name]), dict)]
    if not inside:
        return dict(row)
    kept = {name: value for name, value in row.items() if word(name) not in INSIDE}
    words = {word(name) for name in kept}
    for fields in inside:
        kept |= {name: value for name, value in flat(fields).items() if word(name) not in words or name == "name"}
    return kept


def handles(ids: Iterable[str]) -> set[str]:
    """Return the ids that only point: numbers, hashes, and one prefix with a number each; "IL6", "TP53" are names."""
    pointing = set[str]()
    by_prefix: dict[str, set[str]] = {}
    for ident in ids:
        if is_number(ident) or _OPAQUE.fullmatch(ident):
            pointing.add(ident)
        elif match := _HANDLE.fullmatch(ident):
            by_prefix.setdefault(match["prefix"], set()).add(ident)
    if len(by_prefix) == 1:
        ((prefix, members),) = by_prefix.items()
        if prefix.islower() or len(members) > 1:
            pointing |= members
    return pointing


def are_types(labels: Sequence[str], ids: Sequence[str], names: Sequence[str] = ()) -> bool:
    """Tell whether the labels of nodes are their types: they repeat, or are classes, beside names or telling ids.

    All three stand for the same nodes in the same order, "" for nothing; without `names` the ids have to tell.
    """
    labelled = [(label, name or ident) for label, ident, name in
                zip(labels, ids, names or [""] * len(ids), strict=True) if label]  # fmt: skip
    if not labelled or all(word(label) == word(name) for label, name in labelled):
        return False
    counts = Counter(label for label, _ in labelled)
    if all(word(label) in CLASSES for label in counts):
        return True
    if not any(names) and handles(ids) >= set(ids):
        return len(labelled) > 3 and len(counts) * 2 <= len(labelled)  # noqa: PLR2004  # a name may come twice
    return len(counts) < len(labelled) and sum(word(label) == word(name) for label, name in labelled) * 2 < len(
        labelled
    )


def type_of(value: object) -> str:
    """Return a type out of a text or a list of some, "" for a number and for one that says nothing."""
    value = decoded(value)
    listed = [str(one) for one in value] if isinstance(value, list) else [str(value)] if isinstance(value, str) else []
    listed = [one.strip().strip(':"') for one in listed]
    listed = [one for one in listed if one and not is_number(one)]
    return next((one for one in listed if word(one) not in _GENERIC), "")


def read_qualifiers(row: Mapping[str, object], *, names_source: bool = True) -> Qualifiers | None:
    """Return what a relation of a reply says beside itself, None where that is nothing; `row` has lower-case keys.

    Where the relation's own end is not called "source" (`names_source` is false), that is where the claim comes from.
    """
    rows = [row, *(_lowered(inner) for key in WITHIN if isinstance(inner := row.get(key), dict))]

    def first(keys: tuple[str, ...]) -> object:
        found = (one[key] for one in rows for key in keys if one.get(key) not in (None, "", [], {}))
        return next(found, None)

    flat = {key: row[key] for key in (*_VALUES, *_UNITS) if key in row}
    quantity = read_quantity(first(QUANTITY)) or (read_quantity(flat) if "value" in flat else None)
    found = Qualifiers(
        why=_short(first(WHY), WHY_CHARACTERS),
        conditions=_short(first(CONDITIONS), CONDITIONS_CHARACTERS),
        quantity=quantity,
        certainty=read_certainty(first(CERTAINTY)),
        source=_short(first(REFERENCE if names_source else (*REFERENCE, "source")), SOURCE_CHARACTERS),
    )
    return found or None


def stored_qualifiers(row: Mapping[str, object]) -> Qualifiers | None:
    """Return what stands beside a relation in a file of ours, cut as what a model says; None for nothing."""
    found = Qualifiers(
        why=_short(row.get("why"), WHY_CHARACTERS),
        conditions=_short(row.get("conditions"), CONDITIONS_CHARACTERS),
        quantity=read_quantity(row.get("quantity")),
        certainty=read_certainty(row.get("certainty")),
        source=_short(row.get("source"), SOURCE_CHARACTERS),
        predicate_class=_short(row.get("predicate_class"), VALUE_CHARACTERS),
    )
    return found or None


def read_certainty(value: object) -> float | None:
    """Return a probability from 0 to 1: a number up to 1, or one in per cent; None for anything else.

    A number from 1 to 10 without a sign may be a mark out of five, or of ten: nobody knows.
    """
    text = str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    is_share = text.endswith("%")
    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        return None
    number = number / 100 if is_share or number >= 10 else number  # noqa: PLR2004  # per cent
    return round(number, 4) if math.isfinite(number) and 0 <= number <= 1 else None


def read_quantity(value: object) -> Quantity | None:
    """Return an amount with its unit: an object with both, or a text like "3.6 GPa"; None where it holds no number."""
    unit = ""
    if isinstance(value, dict):
        row = _lowered(value)
        unit = _short(next((row[key] for key in _UNITS if row.get(key) is not None), ""), UNIT_CHARACTERS)
        value = next((row[key] for key in _VALUES if row.get(key) is not None), None)
        if value is None and row.get("min") is not None and row.get("max") is not None:
            value = [row["min"], row["max"]]
    if isinstance(value, list) and 0 < len(value) <= 2:  # noqa: PLR2004  # one number, or both ends of a range
        value = "-".join(filter(None, (_short(one, VALUE_CHARACTERS) for one in value)))
    text = _short(value, VALUE_CHARACTERS + UNIT_CHARACTERS)
    if not any(map(str.isdigit, text)):
        return None
    if not unit and (parts := split_quantity(text)):
        return Quantity(parts[0][:VALUE_CHARACTERS].strip(), _short(parts[1][:UNIT_CHARACTERS], UNIT_CHARACTERS))
    return Quantity(text[:VALUE_CHARACTERS].strip(), unit)


def split_quantity(text: str) -> tuple[str, str] | None:
    """Return the number that a text begins with, as it is written, and the rest; None where it begins with none."""
    found = _AMOUNT.fullmatch(text.strip()) if len(text) <= _MOST else None
    return (found["value"].strip(), found["unit"].strip()) if found else None


def _short(value: object, most: int) -> str:
    """Return a scalar, or a list of some, as clean text of at most so many characters; "" for what says nothing."""
    if isinstance(value, list):
        value = "; ".join(filter(None, (_short(one, most) for one in value[:8])))
    if isinstance(value, dict):
        value = next((value[key] for key in ("text", "name", "title") if isinstance(value.get(key), str)), None)
    if value is None or isinstance(value, bool | dict | list):
        return ""
    text = clean(str(value)[: 4 * most])
    if _NOTHING.fullmatch(text.casefold()):
        return ""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}\u2026"


def _lowered(row: Mapping[object, object]) -> dict[str, object]:
    return {str(key).strip().casefold(): value for key, value in row.items()}
