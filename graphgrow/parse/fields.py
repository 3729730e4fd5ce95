"""Under which words files and replies keep the parts of a node and of a relation, and the qualifiers of a relation.

A word is the name of a field without case, blanks and signs: `source_node_id`, `sourceNodeId` and `:Source Node-ID` are
one. In every tuple the most telling word comes first.

Qualifiers are reason, conditions, quantity, certainty and source. All of it is text of a model: one line each, without
control characters, of a bounded length. What cannot be read as what it should be is left out, and the relation stays.
"""

import dataclasses
import json
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise, product
from typing import Any, Literal

from graphgrow.graph.keys import clean
from graphgrow.graph.model import Qualifiers, Quantity

_SIGNS = re.compile(r"[\W_]+")
Way = Literal["forward", "none", "both", "backward"]
WHY_CHARACTERS = 300
CONDITIONS_CHARACTERS = 200
SOURCE_CHARACTERS = 200
VALUE_CHARACTERS = 40
UNIT_CHARACTERS = 24
_QUALIFIERS = frozenset(one.name for one in dataclasses.fields(Qualifiers))
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
    """Return the name of a field as the tables below have it: an accent is a sign too."""
    return _SIGNS.sub("", unicodedata.normalize("NFKD", field).casefold())


# What follows the word for an end of a relation, and what follows it for the type of that end.
_END_KINDS = (*"name label node nodename entity entityname concept term title text value id nodeid entityid nodeuuid "
              "uuid conceptid key uri iri curie index vertex vertexid".split(), "")  # fmt: skip
_DIRECTED = frozenset("directed isdirected undirected isundirected bidirectional symmetric direction directionality "
                      "dir arrows arrow".split())  # fmt: skip


def _words(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(word, text.split())))


_END_TYPES = _words("type nodetype entitytype category class kind labels nodelabels semantictype typ tipo тип 类型 "
                    "類型 タイプ 유형")  # fmt: skip


def _pairs() -> tuple[tuple[str, str], ...]:
    """Return the words for both ends of a relation, in pairs: roots alone, then with what may stand behind them."""
    kinds = ("", *_END_KINDS[:-1])
    roots = "source:target subject:object subj:obj head:tail from:to src:dst src:dest src:destination src:tgt sub:obj"
    things = ("node entity concept term gene protein vertex item word name id drug disease interactor participant arg "
              "person").split()  # fmt: skip
    others = """
        startnode:endnode startnodeid:endnodeid startnodeelementid:endnodeelementid startnodename:endnodename
        startentity:endentity startentityid:endentityid startconcept:endconcept startvertex:endvertex
        agent:patient regulator:target tf:target ligand:receptor citing:cited sender:receiver sender:recipient
        predator:prey startid:endid startnodekey:endnodekey s:o s:t h:t u:v xname:yname xid:yid xindex:yindex
        start:end begin:end parent:child in:out cause:effect
        subjekt:objekt quelle:ziel von:nach kopf:ende ausgangsknoten:zielknoten startknoten:endknoten
        sujet:objet origine:destination source:cible sujeto:objeto origen:destino fuente:destino sujeito:objeto
        origem:destino soggetto:oggetto origine:destinazione sorgente:destinazione onderwerp:voorwerp bron:doel
        podmiot:obiekt podmiot:dopełnienie źródło:cel zdroj:cíl subjekt:předmět özne:nesne kaynak:hedef
        källa:mål kilde:mål lähde:kohde alany:tárgy forrás:cél subiect:obiect sursă:destinație chủthể:đốitượng
        субъект:объект подлежащее:дополнение источник:цель источник:приемник от:к субєкт:обєкт джерело:ціль
        υποκείμενο:αντικείμενο πηγή:στόχος nguồn:đích
        主语:宾语 主語:賓語 主体:客体 主體:客體 头实体:尾实体 頭實體:尾實體 源:目标 源節點:目標節點
        源节点:目标节点 起点:终点 实体1:实体2 主語:目的語 主語:対象 始点:終点 ソース:ターゲット
        주어:목적어 주체:객체 출발:도착 원본:대상 مصدر:هدف المصدر:الهدف
        الفاعل:المفعول فاعل:مفعول نهاد:مفعول מקור:יעד נושא:מושא
        कर्ता:कर्म स्रोत:लक्ष्य"""
    both = [tuple(pair.split(":")) for pair in roots.split()]
    found = [
        *((source + kind, target + kind) for kind, (source, target) in product(kinds, both)),
        *(tuple(map(word, pair.split(":"))) for pair in others.split()),
        *((thing + one + kind, thing + other + kind)
          for one, other in ("12", "ab") for kind in kinds for thing in things),
    ]  # fmt: skip
    return tuple(dict.fromkeys((source, target) for source, target in found))


# Words that mean the end of a relation only where the other end has one too: they mean much else.
_LOOSE = frozenset("agent patient regulator tf ligand receptor citing cited sender receiver recipient predator prey "
                   "t h u v xname xid xindex yname yid yindex start end begin in out parent child cause effect "
                   "von nach kopf ende от к".split())  # fmt: skip
PAIRS = _pairs()
SOURCE, TARGET = (tuple(dict.fromkeys(ends)) for ends in zip(*PAIRS, strict=True))
_PREDICATES = _words(
    "predicate predicatename predicatelabel pred relation relationship relationshipname relationname relationlabel "
    "relationshiplabel relationtype relationshiptype reltype relname rellabel predicateid etype rel verb verbphrase "
    "property propertyname propertylabel interaction interactiontype sharedinteraction metaedge linktype linklabel "
    "edgelabel edgename edgetype relationshipdescription relationdescription "
    "prädikat beziehung beziehungstyp relationstyp prédicat verbe predicado relación relação verbo predicato relazione "
    "gezegde relatie orzeczenie relacja predikát vztah yüklem ilişki predikat relationstyp suhde állítmány kapcsolat "
    "predicat relație vịngữ quanhệ предикат сказуемое отношение связь предикат звязок κατηγόρημα σχέση "
    "谓语 謂語 谓词 謂詞 关系 關係 关系类型 述語 関係 서술어 술어 관계 علاقة العلاقة الفعل رابطه יחס נשוא संबंध क्रिया"
)
PREDICATE = (*_PREDICATES, *(
    "edge connection typer rtype typerel reltype p r i label labele type typ art tipo тип 类型 類型 kind title name"
    .split()
))  # fmt: skip
SAYING = frozenset((*_PREDICATES, "label", "type", "edge"))  # in a header
_SAYING = frozenset(_PREDICATES) - frozenset("property propertyname propertylabel verb interaction".split())
# The last resort: what multigraphs of networkx call the edges between the same two nodes.
EDGE_KEY = "key"
NAME = _words(
    "name preferredname displayname fullname sharedname preflabel caption entityname nodename conceptname entityid "
    "entity concept term nodelabel lbl nom nombre nome naam nazwa navn namn имя название "
    "名称 名稱 名前 이름 اسم नाम"
)
# What may be a name, or what somebody writes about one: it is a name where an id only points. The words of a text come
# before a label, which then says what they are, others after it.
TEXT = ("text", "surfaceform", "surface", "mention")
TITLE = ("title", "value", "n", "content")
ID = _words("id nodeid vid identity identifier elementid uid uuid key index")
TYPE = _words("type entitytype nodetype vtype concepttype category class kind semantictype labels labelv group "
             "typ tipo тип 类型 類型 タイプ 유형")  # fmt: skip
NODES = frozenset(_words("nodes entities concepts vertices nodeslist entitylist extractedentities extractednodes "
                    "vertexset knoten entitäten nœuds noeuds entités nodos entidades nós entità knooppunten узлы "
                    "сущности 节点 實體 实体 ノード 노드 개체"))  # fmt: skip
EDGES = frozenset(_words("relations relationships edges links triples triplets edgelist rels statements facts "
                  "extractededges extractedrelations beziehungen kanten relationen arêtes liens relaciones aristas "
                         "relações arestas relazioni archi relacje relaties связи рёбра отношения 关系 關係 三元组 "
                         "三元組 関係 エッジ 관계 علاقات العلاقات संबंध"))  # fmt: skip
INSIDE = ("properties", "attributes", "attrs", "data", "props", "metadata", "v", "kwargs")  # keep fields of a row
# What a field says of the direction of a link: how it goes from its source, by the words of files.
_WORDS_OF_WAYS: dict[Way, str] = {
    "forward": "directed true yes 1 forward out outgoing to -> --> → =>",
    "none": "undirected false no 0 none neither - -- \u2014 \u2013 ---",
    "both": "mutual both bidirectional reciprocal two-way <-> <--> ↔ <=> to,from from,to to;from from;to",
    "backward": "back backward backwards reverse reversed in incoming from <- <-- ←",
}
DIRECTIONS = {said: way for way, words in _WORDS_OF_WAYS.items() for said in words.split()}
_KINDS = frozenset("directed undirected mutual".split())  # of links, where the field may say much else
_NOT = frozenset("undirected isundirected bidirectional symmetric".split())  # fields that say the opposite

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
    "entity node resource base thing literal uri bnode vertex default text".split()
)  # types that say nothing
_THREE = 3
_NO_END = (*ID, *WHY, *CONDITIONS, *QUANTITY, *CERTAINTY, *REFERENCE, *WITHIN, *SOURCE, *TARGET)
_BESIDE = (
    frozenset(map(word, (*_NO_END, *"description evidence weight count score type text document".split()))) - _LOOSE
)
_PROPERTY_OF = re.compile(r"(?P<node>\w{1,20})\.(?P<of>name|title|label|id)")  # as Neo4j heads a column
_NEXT = {"a": "b", "1": "2", "x": "y"}  # the letters and numbers of two ends
_STEM = 4
_WORDS = re.compile(r"(?=[^\W\d_]{3})[^\W\d_]+(?:[ _-][^\W\d_]+)*")
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_HANDLE = re.compile(r"(?P<prefix>[A-Za-z_]{0,8}[-_ :]?)\d+(?:\.0)?")
_OPAQUE = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{20,}|(?=[a-f]*\d)[0-9a-f]{16,}|\d+:[0-9a-f-]+:\d+", re.IGNORECASE)


def find(words: Iterable[str], table: Sequence[str], other: Sequence[str] = ()) -> str:
    """Return the most telling word of a table among words, "" where there is none.

    A word that means the end of a relation only beside another end counts where `other` has a word too.
    """
    there = set(words)
    return next((one for one in table if one in there and (one not in _LOOSE or there & set(other))), "")


@lru_cache(maxsize=10_000)
def find_ends(fields: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return the pairs of fields that may hold the ends of a relation, the most telling one first.

    Ends come in pairs, "subject" with "object": only where no word has its partner, any source is one with any target.
    Of "subject", "object" and "source" the last is where the claim is from. Other fields are ends where the only one
    beside them is a relation ("drug", "relation", "disease"), or where they differ only in their number or letter:
    "Interactor A", "Interactor B"; `a.name`, `b.name`.
    """
    words = {word(field): field for field in reversed(fields)}
    if not words.keys().isdisjoint(TEXT):  # a passage of a text, from its start to its end
        words = {one: field for one, field in words.items() if one not in ("start", "begin", "end")}
    sources = [words[one] for one in SOURCE if one in words]
    targets = [words[one] for one in TARGET if one in words]
    found = [(words[one], words[other]) for one, other in PAIRS if one in words and other in words]
    found = found or [(one, other) for one, other in product(sources, targets) if one != other]
    core = [field for field in fields if word(field) not in _BESIDE]
    if not found and len(core) == _THREE and (said := [field for field in core if word(field) in _SAYING]):
        one, other = (field for field in core if field != said[0])
        found = [(one, other)]
    if not found:
        properties = [(match["of"], field) for field in fields if (match := _PROPERTY_OF.fullmatch(field))]
        found = [(one, other) for (of, one), (also, other) in pairwise(properties) if of == also]
        match properties:
            case [(of, one), (also, other)] if not found and "id" not in {of, also}:  # `p.name`, `m.title`
                found = [(one, other)]
    if not found:
        following = {one: one[:-1] + _NEXT[one[-1]] for one in words if len(one) > _STEM and one[-1] in _NEXT}
        found = [(words[one], words[other]) for one, other in following.items() if other in words]
        found.sort(key=lambda pair: fields.index(pair[0]))
    return tuple(found)


def are_known(ends: tuple[str, str]) -> bool:
    """Tell whether fields are ends of a relation by what they are called, and not by what stands beside them."""
    return word(ends[0]) in SOURCE and word(ends[1]) in TARGET


@lru_cache(maxsize=10_000)
def type_fields(fields: tuple[str, ...], ends: tuple[str, str]) -> tuple[str, str] | None:
    """Return the fields that say of what type both ends of a relation are, None where there are none.

    They are called as the ends are: "head" and "head_type", "x_name" and "x_type", "Node 1" and "Node Type 1".
    """
    words = {word(field): field for field in reversed(fields)}
    source, target = map(word, ends)
    of = [match["node"] for end in ends if (match := _PROPERTY_OF.fullmatch(end))]
    labels = [words[word(f"labels {node}")] for node in of if word(f"labels {node}") in words]
    if len(labels) == len(ends):  # labels(a), a.name
        return labels[0], labels[1]
    for kind in _END_KINDS:
        if not (source.endswith(kind) and target.endswith(kind)):
            continue
        roots = [end[: len(end) - len(kind)] for end in (source, target)]
        for says in _END_TYPES:
            found = [words.get(root + says) or words.get(root[:-1] + says + root[-1:]) for root in roots]
            if found[0] and found[1] and not {*found} & {*ends}:
                return found[0], found[1]
    return None


def direction_field(field: str, values: Iterable[object]) -> bool:
    """Tell whether a field says which way links go, by its name and by all that stands in it."""
    name = word(field)
    if name != "type" and name not in _DIRECTED:
        return False
    known = _KINDS if name == "type" else DIRECTIONS
    return all(_said(value) in known for value in values)


def way_of(field: str, value: object) -> Way | None:
    """Return which way a link goes by what stands in a field of directions; None where that says nothing."""
    way = DIRECTIONS.get(_said(value))
    if word(field) in _NOT:
        return "none" if way == "forward" else "forward" if way == "none" else way
    return way


def _said(value: object) -> str:
    return "" if value is None else "".join(str(value).split()).casefold()


def is_number(text: str) -> bool:
    """Tell whether a text is a number and nothing else."""
    return bool(_NUMBER.fullmatch(text))


def is_wording(text: str) -> bool:
    """Tell whether the key of an edge is wording, and neither a number nor an id, which contains one."""
    return bool(_WORDS.fullmatch(text))


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
    # In Neo4j's words a label says what a node is, and its properties how it is called.
    own = decoded(row.get("properties"))
    is_called = isinstance(own, dict) and "name" in {*map(word, own)}
    if is_called and isinstance(kept.get("label"), str) and not {"type", "labels"} & kept.keys():
        kept = {"type" if name == "label" else name: value for name, value in kept.items()}
    words = {word(name) for name in kept}
    for fields in inside:
        kept |= {name: value for name, value in flat(fields).items() if word(name) not in words or name == "name"}
    return kept


def end_of(value: object) -> str:
    """Return the id or else the name of an end of a link, which may be an object with one; "" where there is none."""
    if isinstance(value, dict):
        words = {word(field): inner for field, inner in flat(value).items()}
        found = (words[one] for one in (*ID, *NAME, *TEXT, "value", "label", *TITLE) if one in words)
        return next((str(one) for one in found if one not in (None, "") and not isinstance(one, (dict, list))), "")
    return (
        ""
        if value is None or isinstance(value, list)
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
    )


def said_of(value: object) -> str:
    """Return what a link says; of an object its type or name."""
    if isinstance(value, dict):
        words = {word(field): inner for field, inner in value.items()}
        return next((clean(words[one]) for one in ("value", *PREDICATE) if isinstance(words.get(one), str)), "")
    return "" if value is None or isinstance(value, (list, bool)) else clean(str(value))


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


def is_generic(kind: str) -> bool:
    """Tell whether a type says nothing: a node is a node."""
    return word(kind) in _GENERIC


def type_of(value: object) -> str:
    """Return a type out of a text or a list of some, "" for a number and for one that says nothing."""
    value = decoded(value)
    listed = [str(one) for one in value] if isinstance(value, list) else [str(value)] if isinstance(value, str) else []
    listed = [one.strip().strip(':"') for one in listed]
    listed = [one for one in listed if one and not is_number(one)]
    return next((one for one in listed if word(one) not in _GENERIC), "")


def read_qualifiers(row: Mapping[str, object], *, names_source: bool = True) -> Qualifiers | None:
    """Return what a reply says beside a relation, None where that is nothing; `row` has lower-case keys.

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
    """Return what stands beside a relation in a file of ours, cut as a model's words are; None for nothing."""
    if row.keys().isdisjoint(_QUALIFIERS):
        return None
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
