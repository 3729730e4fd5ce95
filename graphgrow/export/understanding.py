"""Which fields of the rows of any graph file are ids, names, types, ends and predicates, for programs and in words.

All rows are looked at before a field is taken for anything.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from graphgrow.errors import BadInput
from graphgrow.export.rows import Row
from graphgrow.graph.keys import canonical, clean
from graphgrow.parse.fields import (
    EDGE_KEY,
    ID,
    INSIDE,
    NAME,
    PREDICATE,
    TEXT,
    TITLE,
    TYPE,
    are_known,
    decoded,
    direction_field,
    end_of,
    find_ends,
    flat,
    handles,
    is_generic,
    is_number,
    is_wording,
    said_of,
    way_of,
    word,
)
from graphgrow.parse.nodes import kept_apart, name_nodes, texts_of
from graphgrow.parse.shapes import DOCUMENT, TYPED_BY
from graphgrow.resolve.predicates import FALLBACK

ROLES = ("source", "predicate", "target", "name", "type")  # the roles that a field may have
UNNAMED = ("column 1", "column 2", "column 3")  # of a table without a header
MATRIX = ("row", "column")  # as the fields of a relation that is a cell
# Pseudo-fields: d3 refers to nodes by place, counted from this number.
PLACES = {"the place in the list": 0, "the place in the list, from 1": 1}
ADVICE = "say which they are with  --columns source=NAME,predicate=NAME,target=NAME"
FIELDS = 8  # names of fields in a sentence
# Fields of an export of ours: no loss where its relations come with their evidence.
OURS = frozenset("id key name label aliases degree first_seq last_seq depth type community concept_key x y weight "
                 "support evidence confidence directed".split())  # fmt: skip
# Fields that say how sure or strong a relation is.
FIGURES = frozenset("score weight confidence probability strength similarity count frequency support pvalue "
                    "correlation distance cooccurrence".split())  # fmt: skip
READ = frozenset("aliases support evidence raw".split())  # besides those that have a role
_YEAR = re.compile(r"1\d{3}|20\d\d")
_SHOUTED = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Node:
    """A node: the id by which links refer to it, its name and type in the file's words, and its row.

    Where a file holds several documents, an id belongs to one of them.
    """

    ident: str
    name: str
    type: str
    row: Row
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """A link between ids of nodes: its predicate, the words that the file has for it, whether it has a direction."""

    source: str
    predicate: str
    words: str
    target: str
    is_directed: bool
    row: Row


@dataclass(frozen=True, slots=True)
class Understanding:
    """Nodes and links of a file, and in words which field was `taken` for what, and what was `left_out`."""

    nodes: list[Node]
    links: list[Link]
    taken: tuple[str, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Ends:
    """The fields that hold the ends of links, and the field by which links refer to a node, or one of PLACES.

    `others` are the fields of ends in rows of other kinds.
    """

    source: str = ""
    target: str = ""
    ident: str = ""
    others: tuple[tuple[str, str], ...] = ()

    def of(self, row: Row) -> tuple[str, str]:
        """Return the fields that hold the ends of a row: in rows of several kinds each has its own."""
        best = self.source, self.target
        if all(row.get(field) not in (None, "") for field in best):
            return best
        return next((pair for pair in self.others if all(end_of(row.get(field)) for field in pair)), best)


def understand(nodes: list[Row], links: list[Row], columns: Mapping[str, str] | None = None) -> Understanding:
    """Return what rows of nodes and links mean; `columns` says which field has a role (ROLES), whatever it is called.

    Raises BadInput where there are links, and none with two ends that can be read.
    """
    nodes, links, columns = _flattened(nodes), _flattened(links), dict(columns or {})
    evidence = decoded(next((row["evidence"] for row in links if row.get("evidence")), None))
    is_ours = isinstance(evidence, list) and any(isinstance(piece, dict) and "said" in piece for piece in evidence)
    is_ours = is_ours or (not links and any({"key", "aliases", "first_seq"} <= row.keys() for row in nodes))
    taken, left_out = list[str](), list[str]()
    if links and not columns and all(name.startswith("column ") for name in links[0]):
        numbered = tuple(links[0])
        has_predicate = len(numbered) >= len(UNNAMED) and not _is_weighted([list(row.values()) for row in links])
        roles = ROLES if has_predicate else ("source", "target")
        columns = dict(zip(roles, numbered[: len(UNNAMED)], strict=False))
        first = [clean(str(links[0][name])) for name in columns.values()]
        said = ",".join(f"{role}={cell}" for role, cell in zip(columns, first, strict=True))
        taken.append(f"no header is known, so that the first row is a relation; if it is none, say  --columns {said}")
    if not (nodes or columns) and (weighted := weighted_ends(links)):
        columns = dict(zip(("source", "target"), weighted, strict=True))
        taken.append(f"{listed(weighted)} are taken for the ends by what stands beside them")
    if links and tuple(links[0])[: len(MATRIX)] == MATRIX and not columns:
        columns = dict(zip(("source", "target"), MATRIX, strict=True))
        columns |= {"predicate": "cell"} if any("cell" in row for row in links) else {}
        taken.append("a matrix: what stands in a row is related to what stands above the column")
    there = _fields([*nodes, *links])
    if missing := [name for name in columns.values() if name not in there]:
        raise BadInput(f"there is no column {missing[0]!r}: there are {listed(there)}")

    ends, nodes = _ends(nodes, links, columns)
    ids = [_local(row, end_of(row.get(ends.ident))) for row in nodes]
    made, used = _nodes(nodes, ids, ends, columns, taken, is_ours=is_ours)
    if links and not columns and not are_known((ends.source, ends.target)):
        taken.append(f"{listed((ends.source, ends.target))} are taken for the ends by what stands beside them")
    drawn, used_of_links, refused = _links(links, made, ends, columns, taken, left_out, is_ours=is_ours)
    if links and not drawn and not refused:
        raise BadInput(
            f"none of its {len(links)} links can be read: no node of the file is meant by "
            f"{listed((ends.source, ends.target))}"
        )

    # A field without a role is reported as left out where it says something that is not said already.
    unused, both = dict[str, str](), _fields(nodes).keys() & _fields(links).keys()
    for field in _fields(nodes):
        if word(field) in READ or (is_ours and field in OURS) or field == ends.ident:
            continue
        for row, node, fields in zip(nodes, made, used, strict=True):
            value = row.get(field)
            if value in (None, "", []) or field in fields or (field == "key" and "aliases" in row):
                continue
            texts = texts_of(value)
            says_nothing = word(field) in TYPE and all(map(is_generic, texts))  # a node is a node
            known = {"", *map(word, (node.name, *node.aliases, node.type))}
            if not texts or (not says_nothing and not {*map(word, texts)} <= known):
                unused[field] = " of the nodes" if field in both else ""
                break
    for field in _fields(links):
        values = [row[field] for row in links if row.get(field) not in (None, "", [])]
        is_read = field in used_of_links or word(field) in READ or (is_ours and field in OURS)
        is_read = is_read or (bool(nodes) and field == ends.ident)  # an edge has an id as nodes have
        is_number_of_edge = word(field) == EDGE_KEY and all(is_number(str(value)) for value in values)
        if values and not is_read and not is_number_of_edge:
            unused.setdefault(field, "")
    if unused:
        names = [listed([field]) + of for field, of in unused.items()]
        more = f" and {len(names) - FIELDS} more" if len(names) > FIELDS else ""
        left_out.insert(0, f"left out: {', '.join(names[:FIELDS])}{more}")
    if is_ours and any(is_number(sure := str(row.get("confidence", ""))) and float(sure) < 1 for row in links):
        taken.append("what is imported counts as certain, whatever `confidence` says; a copy of the store keeps that")
    if nameless := sum(not node.name for node in made):
        left_out.append(f"{nameless} of {len(made)} nodes have no name and are left out")
    if lost := len(links) - len({id(link.row) for link in drawn}) - refused:
        left_out.append(f"{lost} of {len(links)} links have no end, or one that is not in the file, and are left out")
    if (
        not made
        and drawn
        and not is_ours
        and all(is_number(end) for link in drawn for end in (link.source, link.target))
    ):
        left_out.append("the ends are bare numbers, for which the file has no names")
    return Understanding(made, drawn, tuple(taken), tuple(left_out))


def weighted_ends(rows: Sequence[Row]) -> tuple[str, str] | None:
    """Return the two fields beside figures of relations: "gene", "disease" and "score"; None for other rows."""
    fields = [field for field in _fields(rows) if field]
    figures = [
        field for field in fields if word(field) in FIGURES and all(is_figure(str(row.get(field))) for row in rows)
    ]
    ends = [field for field in fields if field not in figures]
    is_so = figures and len(ends) == len(MATRIX) and not find_ends(tuple(fields))
    return (ends[0], ends[1]) if is_so and not {*map(word, ends)} & {*NAME, *TEXT, *TITLE, *ID, "label"} else None


def _is_weighted(rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether rows without a header are two ends and a figure each, and not what somebody did in which year."""
    if {len(row) for row in rows} != {len(UNNAMED)} or not all(is_figure(row[-1]) for row in rows):
        return False
    sources, middle = {row[0] for row in rows}, {row[1] for row in rows}
    are_ends = not sources.isdisjoint(middle) or 1 < len(rows) == len(middle)
    return are_ends and not all(_YEAR.fullmatch(row[-1]) for row in rows)


def is_figure(text: str) -> bool:
    """Tell whether a text is a number, possibly with a decimal comma."""
    return is_number(text.replace(",", ".", 1))


def _ends(nodes: list[Row], links: list[Row], columns: Mapping[str, str]) -> tuple[_Ends, list[Row]]:
    """Return which fields hold the ends of links, and the nodes, with those given as objects at such an end."""
    fields = tuple(_fields(links))
    pairs = find_ends(fields)
    if "source" in columns or "target" in columns:
        others = dict.fromkeys(pair[end == "source"] for pair in pairs for end in ("source", "target"))
        pairs = tuple(
            (columns.get("source", one), columns.get("target", one))
            for one in (others or {columns.get("source") or columns["target"]: None})
            if len(columns.keys() & {"source", "target"}) > 1 or one not in columns.values()
        )
    if links and not pairs:
        if not fields:
            raise BadInput(f"none of its {len(links)} links has two ends that can be read")
        raise BadInput(f"no column of it is known to be the source or the target of a relation: there are "
                       f"{listed(fields)}; {ADVICE}")  # fmt: skip
    ends = dict.fromkeys(field for pair in pairs for field in pair)
    meant = {field: {end_of(row.get(field)) for row in links} - {""} for field in ends}

    words = {word(field): field for field in reversed(_fields(nodes))}
    declared = {str(row[words[one]]) for one in ID if one in words for row in nodes if row.get(words[one]) is not None}
    inside = {end_of(row[field]): row[field] for row in links for field in ends if isinstance(row.get(field), dict)}
    nodes = [*nodes, *({"id": key, **_flattened([row])[0]} for key, row in inside.items() if key not in declared)]

    # Links refer to nodes by the field that holds most of their ends; in d3 by place.
    words = {word(field): field for field in reversed(_fields(nodes))}
    candidates = [words[one] for one in (*ID, *NAME, *TEXT, "label", *TITLE) if one in words]
    values = {field: {end_of(row[field]) for row in nodes if row.get(field) is not None} for field in candidates}
    is_from_0 = any("0" in some for some in meant.values())
    for place, first in PLACES.items():  # where both hold equally many, the one from 0
        values[place] = set(map(str, range(first, first + len(nodes)))) if first == 0 or not is_from_0 else set()
    choices = [_Ends(source, target, ident) for ident in values for source, target in pairs]

    def hits(choice: _Ends) -> int:
        known = values[choice.ident]
        return len(meant[choice.source] & known) + len(meant[choice.target] & known)

    best = max(choices, key=hits, default=_Ends(ident=candidates[0] if candidates else ""))
    if links and not hits(best):  # rather names than ids that only point
        telling = next((pair for pair in pairs if not any(handles(meant[end]) >= meant[end] for end in pair)), pairs[0])
        best = _Ends(*telling, candidates[0] if candidates else "")
    if not columns:  # for rows that lack the best
        best = replace(best, others=tuple(pair for pair in pairs if pair != (best.source, best.target)))
    if best.ident not in PLACES:
        return best, nodes
    return best, [{**row, best.ident: at} for at, row in enumerate(nodes, PLACES[best.ident])]


def _nodes(
    rows: list[Row],
    ids: list[str],
    ends: _Ends,
    columns: Mapping[str, str],
    taken: list[str],
    *,
    is_ours: bool,
) -> tuple[list[Node], list[tuple[str, str]]]:
    """Return nodes with names and types, and the fields of each from which these are."""
    plain = [end_of(row.get(ends.ident)) for row in rows]
    named = name_nodes(rows, plain, ends.ident, name_field=columns.get("name", ""), type_field=columns.get("type", ""),
                       has_types=False if is_ours else None,
                       are_ids_names=ends.ident not in PLACES)  # fmt: skip
    if is_ours:  # in our own files a type is a type, whatever it says
        named = [replace(one, type=clean(str(row.get("type") or "")), type_field="type")
                 for one, row in zip(named, rows, strict=True)]  # fmt: skip
    apart = named if is_ours else kept_apart(named, ids)
    made = [Node(ident, one.name, one.type, row, one.aliases) for ident, one, row in zip(ids, apart, rows, strict=True)]
    used = [(one.field, one.type_field) for one in named]
    # An end of a relation has its name and type from the fields of that relation.
    own = [one for one, row in zip(named, rows, strict=True) if TYPED_BY not in row]
    sources = dict.fromkeys(one.field for one in own if one.field)
    if typed := dict.fromkeys(row[TYPED_BY] for row in rows if TYPED_BY in row):
        taken.append(f"types of the ends from {listed(typed)}")
    if own:
        taken.append(f"names of nodes from {listed(sorted(sources, key=lambda field: field == ends.ident))}")
        if kinds := dict.fromkeys(one.type_field for one in own if one.type):
            taken.append(f"types from {listed(kinds)}")
    if rows:
        if told := dict.fromkeys(one.name for one, node in zip(named, made, strict=True) if one.name != node.name):
            taken.append(f"nodes of one name and different types are kept apart by their type: {listed(told)}")
        owners: dict[str, dict[str, str]] = {}
        for node in made:
            if node.name and node.ident and "aliases" not in node.row:
                owners.setdefault(canonical(node.name), {}).setdefault(node.ident, node.name)
        types: dict[str, set[str]] = {}
        for node in made:
            types.setdefault(canonical(node.name), set()).add(node.type)
        if mixed := [node.name for node in made if len(types.pop(canonical(node.name), set()) - {""}) > 1]:
            taken.append(f"of several types of one name the first is kept: {listed(mixed)}")
        if several := [next(iter(some.values())) for some in owners.values() if len(some) > 1]:
            taken.append(f"nodes that have one name are one concept: {listed(several)}")
        if ends.source and ends.ident in PLACES:
            taken.append(f"links mean nodes by their place in the list, from {PLACES[ends.ident]}")
        elif own and ends.source and ends.ident not in sources:
            taken.append(f"links mean nodes by {listed([ends.ident])}")
    return made, used


def _links(
    rows: list[Row],
    nodes: list[Node],
    ends: _Ends,
    columns: Mapping[str, str],
    taken: list[str],
    left_out: list[str],
    *,
    is_ours: bool,
) -> tuple[list[Link], set[str], int]:
    """Return links with what they say and whether they have a direction, the fields used, and how many are vague.

    Those without two ends are left out, and those with an end that has no name, or is the id of several nodes.
    """
    others = [field for field in _fields(rows) if field not in {ends.source, ends.target}]
    words = {word(field): field for field in reversed(others)}
    has_passages = "source_id" in others and "target_id" not in others  # each with a description of its own
    said = [words[one] for one in (*PREDICATE, "keywords", EDGE_KEY, "description") if one in words]
    if EDGE_KEY in words and not all(is_wording(text) for row in rows if (text := said_of(row.get(words[EDGE_KEY])))):
        said.remove(words[EDGE_KEY])  # the number or the id of an edge
    directions = [
        field
        for field in others
        if direction_field(field, (row[field] for row in rows if row.get(field) not in (None, "")))
    ]
    if is_ours or "predicate" in columns:
        said = [columns.get("predicate", "predicate")]
        directions = [field for field in directions if field not in said]
    else:
        said = [field for field in said if field not in directions and (field != "description" or not has_passages)
                and not all(is_number(text) for row in rows if (text := said_of(row.get(field))))]  # fmt: skip
    texts = [next(((text, field) for field in said if (text := said_of(row.get(field)))), ("", "")) for row in rows]
    is_shouted = not is_ours and all(_SHOUTED.fullmatch(text) for text, _ in texts if text)

    declared, ids = {node.ident for node in nodes if node.name}, [node.ident for node in nodes]
    nameless = {node.ident for node in nodes} - declared - {""}
    refused = unclear = turned = 0
    names: dict[str, set[str]] = {}
    for node in nodes if not is_ours else ():
        names.setdefault(node.ident, set()).add(canonical(node.name))
    vague = {ident: None for ident, some in names.items() if ident and len(some) > 1}  # ids of several nodes
    documents: dict[str, set[str]] = {}  # end of a link -> its ids in the documents of a file
    for node in nodes:
        if DOCUMENT in node.row:
            documents.setdefault(end_of(node.row.get(ends.ident)), set()).add(node.ident)
    point_only = bool(ids) and handles(end_of(node.row.get(ends.ident)) for node in nodes) >= {
        end_of(node.row.get(ends.ident)) for node in nodes}  # fmt: skip
    drawn, told, used = list[Link](), Counter[str](), {ends.source, ends.target, *directions, DOCUMENT}
    for row, (text, field) in zip(rows, texts, strict=True):
        held = ends.of(row)
        plain = [end_of(row.get(field)) for field in held]
        source, target = (
            local
            if (local := _local(row, one)) in declared or len(documents.get(one, ())) != 1
            else next(iter(documents[one]))
            for one in plain
        )
        strangers = [end for end in (source, target) if end not in declared]
        if not all(plain) or (point_only and strangers and handles(strangers)):
            continue
        used |= {*held, *([field] if field else [])}
        if not vague.keys().isdisjoint((source, target)):
            unclear += 1
            continue
        if not nameless.isdisjoint((source, target)):
            refused += 1
            continue
        source, target = (one if end in strangers else end for end, one in zip((source, target), plain, strict=True))
        predicate = _text(text.replace("<SEP>", ",").split(",")[0]) if field == "keywords" else text
        if text and not is_ours:
            predicate = clean((predicate.lower() if is_shouted else predicate).replace("_", " ")) or text
        way = next(filter(None, (way_of(field, row.get(field)) for field in directions)), "forward")
        if way == "backward":
            source, target = target, source
        link = Link(source, predicate or FALLBACK, text or FALLBACK, target, way != "none", row)
        both = [link, replace(link, source=target, target=source)] if way == "both" else [link]
        drawn += both
        told.update([field] * len(both) if text else [])
        turned += way in {"both", "backward"}
    if refused:
        left_out.append(f"{refused} of {len(rows)} links have an end without a name and are left out")
    if unclear:
        left_out.append(f"{unclear} of {len(rows)} links mean an id of several nodes and are left out: {listed(vague)}")
    used |= told.keys()
    used |= {"source_id", "description"} if has_passages else set()
    if not drawn:
        return drawn, used, refused + unclear
    taken.append(f"source from {listed([ends.source])}")
    if told:
        taken.append(f"predicate from {listed(field for field in said if told[field])}")
    if silent := len(drawn) - told.total():
        which = f"{silent} of {len(drawn)} relations have no predicate" if told else "no relation has a predicate"
        taken.append(f"{which}, which reads {FALLBACK!r}")
    taken.append(f"target from {listed([ends.target])}")
    if undirected := sum(not link.is_directed for link in drawn):
        taken.append(f"without a direction in the file: {undirected} of {len(drawn)} relations")
    if turned:
        taken.append(
            f"against the order of the file, or both ways, by {listed(directions)}: {turned} of {len(rows)} links"
        )
    elif directions and not undirected and not is_ours and directions != ["directed"]:
        taken.append(f"direction from {listed(directions)}")
    return drawn, used, refused + unclear


def listed(fields: Iterable[str]) -> str:
    """Return names of fields for a sentence, the first of many."""
    names = [f"`{clean(field)[:60]}`" if clean(field) else "a column without a name" for field in fields]
    return ", ".join(names[:FIELDS]) + (f" and {len(names) - FIELDS} more" if len(names) > FIELDS else "") or "none"


def _fields(rows: Sequence[Row]) -> dict[str, None]:
    shapes = dict.fromkeys(map(tuple, rows))  # few, however many rows
    return dict.fromkeys(field for shape in shapes for field in shape if field not in {DOCUMENT, TYPED_BY})


def _flattened(rows: list[Row]) -> list[Row]:
    """Return rows without objects that only keep fields of the row, where any row has one."""
    return [flat(row) for row in rows] if any(word(field) in INSIDE for field in _fields(rows)) else rows


def _local(row: Row, ident: str) -> str:
    """Return an id as that of its document, where a file holds several documents that use the same ids."""
    return f"{ident}\t{row[DOCUMENT]}" if DOCUMENT in row else ident


def _text(value: object) -> str:
    return clean(str(value)) if value is not None else ""
