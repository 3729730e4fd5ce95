"""What a graph file means: concepts by their names, relations with the evidence that the file has."""

import json
from dataclasses import dataclass, replace
from itertools import islice

from graphgrow.export.rows import UNDIRECTED
from graphgrow.export.understanding import Node, Understanding
from graphgrow.graph.keys import canonical, clean
from graphgrow.graph.model import Concept, Delta, Relation, Statement, Triple
from graphgrow.graph.progress import SILENT, Progress
from graphgrow.graph.visible import LONGEST_IN_FILES, visible
from graphgrow.parse.fields import stored_qualifiers

MOST_SUPPORT = 2**31
SEPARATOR = "<SEP>"  # between what several passages say, as LightRAG and GraphRAG write it
SAMPLES = 3
SIDES = 3


@dataclass(frozen=True, slots=True)
class Reading:
    """A file as concepts and relations; in words, what was taken for what and what was left out; up to 3 relations."""

    delta: Delta
    taken: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    samples: tuple[Triple, ...] = ()


def reading(found: Understanding, progress: Progress = SILENT) -> Reading:
    """Return concepts and relations; names that agree by their key become one, and what has no name is left out."""
    concepts: dict[str, Concept] = {}
    by_id: dict[str, str] = {}
    too_long, left_out = set[str](), list(found.left_out)
    declared = {node.ident for node in found.nodes}
    ends = dict.fromkeys(end for link in found.links for end in (link.source, link.target) if end not in declared)
    nodes = [*found.nodes, *(Node(end, _text(end), "", {}) for end in ends)]
    for node in progress.over(nodes, "reading concepts", len(nodes)):
        name, key = node.name, _text(node.row.get("key")) if "aliases" in node.row else ""  # the key of an export
        if not key and len(name) > 1 and name[0] == name[-1] == '"':
            name = _text(name[1:-1])  # GraphRAG keeps the quotation marks that its prompt asks for
        key = key or canonical(name)
        if not (key and name):
            continue
        if max(len(name), len(key)) > LONGEST_IN_FILES:
            too_long.add(node.ident)
            continue
        others = [*node.aliases, *_list(node.row.get("aliases"))]
        spellings = {_text(spelling) for spelling in others} - {"", name}
        concept = concepts.setdefault(key, Concept(key, name, tuple(sorted(spellings)), node.type))
        if concept.name != name:
            both = {*concept.aliases, name, *spellings} - {concept.name}
            concepts[key] = concept = replace(concept, aliases=tuple(sorted(both)), type=concept.type or node.type)
        by_id.setdefault(node.ident, key)

    first = dict[Relation, Statement]()
    support = list[Statement]()
    for link in progress.over(found.links, "reading relations", len(found.links)):
        source, target = by_id.get(link.source), by_id.get(link.target)
        if source is None or target is None:
            continue
        relation = Relation(source, link.predicate, target)
        # What was said and how often: our own evidence, else what each passage of a text says, else the link itself.
        ours = [piece for piece in _list(link.row.get("evidence")) if isinstance(piece, dict)]
        if not (ours or link.is_directed) and (turned := Relation(target, link.predicate, source)) in first:
            relation = turned
        if "raw" in link.row:  # of earlier versions
            ours.append({"said": _list(link.row["raw"]), "support": link.row.get("support")})
        evidence = [
            (
                Triple(*(visible(str(part).encode("utf-8", "ignore").decode()) for part in said)),
                _count(piece.get("support")),
                stored_qualifiers(piece),
            )
            for piece in ours  # raw words, without lone surrogates, which no store keeps, or invisible characters
            if isinstance(said := piece.get("said"), list) and len(said) == SIDES
        ]
        if not evidence:
            passages = (
                str(link.row.get("description") or "").split(SEPARATOR)
                if link.row.keys() >= {"source_id"} and "target_id" not in link.row
                else []
            )
            said = [sentence for part in passages if (sentence := _text(part).strip('"'))]  # each has its own direction
            said = said or [link.words if link.is_directed else link.words + UNDIRECTED]
            names = concepts[source].name, concepts[target].name
            times = _count(link.row.get("support"))
            evidence = [(Triple(names[0], words, names[1]), times if len(said) == 1 else 1, None) for words in said]
        for raw, times, beside in evidence:
            statement = Statement(relation, raw, times, beside)
            if first.setdefault(relation, statement) is not statement:
                support.append(statement)
    samples = tuple(
        Triple(concepts[one.source].name, one.predicate, concepts[one.target].name) for one in islice(first, SAMPLES)
    )
    if too_long:
        lost = sum(not too_long.isdisjoint((link.source, link.target)) for link in found.links)
        left_out.append(
            f"names longer than {LONGEST_IN_FILES:,} characters are left out, {len(too_long)} of {len(nodes)},"
            f" and with them {lost} of {len(found.links)} links"
        )
    delta = Delta(tuple(concepts.values()), relations=tuple(first.values()), support=tuple(support))
    return Reading(delta, found.taken, tuple(left_out), samples)


def _text(value: object) -> str:
    return clean(str(value)) if value is not None else ""


def _list(value: object) -> list[object]:
    """Return a list that may come as JSON text; anything else is no list of ours and counts as none."""
    try:
        items = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return []
    return items if isinstance(items, list) else []


def _count(value: object) -> int:
    text = str(value)
    if not (text.isascii() and text.isdigit()):
        return 1
    digits = text.lstrip("0")  # Python reads no number of thousands of digits
    return MOST_SUPPORT if len(digits) > len(str(MOST_SUPPORT)) else min(max(int(digits or 0), 1), MOST_SUPPORT)
