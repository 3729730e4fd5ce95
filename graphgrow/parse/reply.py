"""What a model's reply says, in its own words: triples and declared names out of JSON, broken JSON or arrow lines.

Nothing here judges content (hygiene.py) or knows the graph (resolve.py). `parse` never raises, and every reply ends in
one of six outcomes with a reason in plain words; the reason of an unusable reply is sent back to the model.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from graphgrow.graph.keys import canonical, clean
from graphgrow.graph.model import BROKEN, REFUSED, THINKING, Form, Outcome, Proposal, Qualifiers, Triple
from graphgrow.graph.thinking import split_thinking
from graphgrow.parse.fields import (
    EDGE_KEY,
    PREDICATE,
    end_of,
    find,
    find_ends,
    flat,
    is_wording,
    read_qualifiers,
    said_of,
    word,
)
from graphgrow.parse.forms import read_questions, read_verdict
from graphgrow.parse.json_text import json_values, salvage, strict
from graphgrow.parse.names import read_names, unescaped
from graphgrow.parse.nodes import kept_apart, name_nodes, texts_of
from graphgrow.parse.shapes import DOCUMENT, Shapes, ident_of

_DEPTH = 6
_LOOP_ITEMS = 20
_LOOP_TAIL = 300
_DIGITS = 6  # of the place of a node
_MOST_NAMED = 5  # of what was not read as it stands
RELATED = "related to"  # what a link without words says
NATIVE = "<|thinking|>"
_BLANK = re.compile(r"<graph_json>\s*+</graph_json>")
_BULLET = re.compile(r"^(?:[-*•]|\d+[.)])\s+")
_EMPHASIS = re.compile(r"\*\*|`")
_DASHES = re.compile(r"[-=\u2013\u2014]{2,}")
_NAME = r"(?:\[(?P<name>[^\[\]]+)\] ?-+|(?P<bare>[^\[\]]*?[^\[\]\s-]) ?--)"
_SAID = re.compile(_NAME + r" ?\[?(?P<predicate>[^\[\]]+?)\]? ?-*")
_MAX_LINE = 300
_MAX_LINES = 2_000
_PROSE_WORDS = 40
PROSE = "The reply is prose: it holds neither JSON nor lines like [A] -[RELATION]-> [B]."
NO_VERDICT = 'The reply holds no {"verdict": ...} with same, different, broader or narrower.'
BLANK = "The reply is blank."
NO_NAMES = "The reply names nothing."
NO_QUESTIONS = "There is no list of questions in the reply."
FILTERED = "content_filter"
_LONGEST_QUOTE = 300
_ENDS: dict[str, tuple[Outcome, str]] = {
    THINKING: ("thinking", "The reply ended while the model was still thinking"),
    REFUSED: ("refused", "The endpoint refuses"),
    BROKEN: ("unusable", "What came is no reply of a model"),
}
# How models, and the guards before them, say no: in a line or two without any JSON.
_WHO = r"(?:i|we|(?:the|this) (?:\w{1,12} ){0,2}(?:model|assistant))"
_UNABLE = (
    r"(?:ca['\u2019]?n['\u2019]?t|cannot|can not|could not|won['\u2019]?t(?: be able)?|will not"
    r"|do(?:n['\u2019]?t| not) have the ability)"
)
_DO = (
    r"(?:help|assist|provide|comply|answer|discuss|fulfill?|continue|do (?:that|so|this)|support|share|create|generate"
    r"|engage|process|respond|complete|produce|offer)\b"
)
_REFUSAL = re.compile(
    r"(?:[^{\[>]{0,120}?\b)?(?:"
    rf"{_WHO}\s{{1,3}}{_UNABLE}\s{{1,3}}(?:to\s)?{_DO}|(?:unable|not able) to\s{_DO}"
    rf"|{_WHO} (?:(?:must|have to|will|would) )?(?:respectfully |politely )?(?:decline|refuse)\b"
    r"|(?:(?:your|this) (?:question|message|content|response)|(?:your|the|this) (?:request|prompt)) (?:was|has been|is)"
    r" (?:blocked|flagged|rejected|filtered|refused)"
    r"|(?:\u62b1\u6b49|\u5bf9\u4e0d\u8d77|\u6211)[^{\[]{0,40}?(?:\u65e0\u6cd5|\u4e0d\u80fd)(?:\u56de\u7b54|\u63d0\u4f9b)"
    r"|\u7533\u3057\u8a33[^{\[]{0,80}?(?:\u3067\u304d\u307e\u305b\u3093|\u304b\u306d\u307e\u3059)"
    r"|(?:no puedo|je ne (?:peux|puis)|kann ich|ich kann|non posso|n\u00e3o posso) (?:pas |[^\W\d]{1,12} ){0,3}?"
    r"(?:ayudar|responder|aider|r\u00e9pondre|nicht|aiutar|rispondere|ajudar)"
    r"|not comfortable|not something (?:that )?i can"
    r"|(?:blocked|rejected|flagged) by (?:\w{1,12} ){0,2}(?:content|safety)\b"
    r"|(?:violat\w+|against) (?:our|the|my|its) (?:\w{1,12} ){0,2}(?:polic|guidelines|terms)"
    r")[^{\[>]*\Z",
    re.IGNORECASE,
)
_SOLE = re.compile(
    r'\{\s*"(?:error|refusal|message|reason|response|answer)"\s*:\s*"((?:[^"\\]|\\.)*)"\s*\}', re.IGNORECASE
)


def parse(text: str, finish_reason: str = "stop", form: Form = "expand") -> Proposal:
    """Return what a reply to a question of a form says. `finish_reason` is that of Reply; CUT: it was cut off."""
    if finish_reason in {THINKING, REFUSED, BROKEN}:
        ended, why = _ENDS[finish_reason]
        return Proposal((), (), ended, f"{why}: {clean(text)[:_LONGEST_QUOTE]}" if text.strip() else f"{why}.")
    if refusal := refusal_in(text):
        return Proposal((), (), "refused", refusal)
    if form == "arbitrate":
        verdict, why = read_verdict(text)
        return Proposal((), (), "ok" if verdict else "unusable", why if verdict else NO_VERDICT, verdict=verdict)
    if form == "intents":
        questions = read_questions(text)
        if questions is None:
            return Proposal((), (), "unusable", NO_QUESTIONS)
        outcome: Outcome = "truncated" if questions and finish_reason == "length" else "ok"
        return Proposal((), (), outcome, questions=questions)

    # The first reading that says something, be it honestly nothing, else the one that got furthest.
    failed = []
    for reading in _readings(text, cut=finish_reason == "length"):
        if reading.triples or reading.is_empty:
            break
        failed.append(reading)
    else:
        reading = max(failed, key=lambda reading: (reading.malformed, reading.json))
        reading.blank = bool(_BLANK.search(text))
    if form == "facet" and not reading.triples:
        if listed := read_names(text, cut=finish_reason == "length"):
            return Proposal((), listed, "ok", f"Names read: {len(listed)}.")
        if finish_reason != "length" and 0 < len(split_thinking(text)[0].split()) < _PROSE_WORDS:
            return Proposal((), (), "empty", NO_NAMES)
    outcome, reason = _outcome(text, reading, finish_reason)
    beside = {triple: qualifiers for triple, qualifiers in reading.triples.items() if qualifiers}
    types = tuple(reading.types.items())
    return Proposal(tuple(reading.triples), tuple(reading.names), outcome, reason, qualifiers=beside, types=types)


def refusal_in(text: str) -> str:
    """Return in a sentence that a reply says no, in a line or two that say nothing else; "" where it does not."""
    answer = split_thinking(text)[0].strip()
    sole = _SOLE.fullmatch(answer[: 2 * _MAX_LINE])  # asked for JSON, some say no in JSON
    words = sole[1] if sole else answer
    return f"The model refuses: {words}" if len(words) <= _MAX_LINE and _REFUSAL.match(words) else ""


@dataclass(slots=True)
class _Reading:
    """One part of a reply being read: triples with what is said beside them; `count` has their repetitions too.

    `names` are those of declared nodes, `types` what nodes are, by name; `notes` say what was not read.
    """

    triples: dict[Triple, Qualifiers | None] = field(default_factory=dict)
    names: dict[str, None] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    count: int = 0
    malformed: int = 0
    json: bool = False
    blank: bool = False
    salvaged: bool = False
    cut: bool = False

    @property
    def is_empty(self) -> bool:
        """True for an honest empty answer."""
        return self.blank and not self.triples and not self.malformed

    def take(self, found: Shapes) -> None:
        """Read the nodes and links of a reply; links mean a node by its id or its place, which is its name here."""
        found.finish()
        self.blank |= found.is_blank
        self.malformed += found.lost
        self.count += found.repeats
        rows = [flat(row) for row in found.nodes]
        ids = [ident_of(row) for row in rows]
        named = kept_apart(name_nodes(rows, ids), ids)
        meant: dict[tuple[int, str], str] = {}  # an id that two nodes have means neither
        owners: dict[str, set[str]] = {}
        unread = 0
        for row, ident, node in zip(rows, ids, named, strict=True):
            if not node.name:
                self.malformed += 1
                continue
            said = clean(unescaped(node.name))
            self.names[said] = None
            if node.type and (kind := self.types.setdefault(said, node.type)) != node.type:
                self.notes.append(f"{node.name} is said to be both {kind} and {node.type}.")
            if ident:
                place = row.get(DOCUMENT, 0), ident
                meant[place] = node.name if meant.get(place, node.name) == node.name else ident
                owners.setdefault(ident, set()).add(meant[place])
            label = next(iter(texts_of(row.get("label"))), "")
            unread += bool(label) and word(label) not in {word(node.name), word(node.type), word(ident)}
        by_name: dict[str, set[str]] = {}
        for ident, node in zip(ids, named, strict=True):
            by_name.setdefault(canonical(node.name), set()).add(ident)
        if several := [node.name for node in named if len(by_name.pop(canonical(node.name), ())) > 1]:
            self.notes.append(f"Nodes that have one name are one concept: {', '.join(several[:_MOST_NAMED])}.")
        if unread:
            self.notes.append(f"Labels of nodes that are neither names nor types: {unread}.")
        places = [node.name for node in named] if not any(ids) else []

        def name(end: object, document: int) -> str:
            text = end_of(end)
            known = meant.get((document, text)) or (next(iter(owners[text])) if len(owners.get(text, ())) == 1 else "")
            return known or text

        for row in map(flat, found.links):
            document = row.pop(DOCUMENT, 0)
            fields = {word(field): value for field, value in row.items()}
            pairs = find_ends(tuple(row))
            ends = next(
                (pair for pair in pairs if all(end_of(row[field]) for field in pair)), pairs[0] if pairs else None
            )
            if ends is None:
                self.malformed += 1
                continue
            source, target = map(word, ends)
            predicate = find(fields.keys() - {source, target}, PREDICATE)
            if not predicate and is_wording(said_of(fields.get(EDGE_KEY))):
                predicate = EDGE_KEY
            spelt = {str(field).lower(): value for field, value in row.items()}
            qualifiers = read_qualifiers(spelt, names_source=source == "source")
            sides, said = [row[field] for field in ends], said_of(fields.get(predicate))
            numbers = [int(text) for text in map(end_of, sides) if text.isdecimal() and len(text) <= _DIGITS]
            if len(numbers) == len(sides) and places and max(numbers) < len(places):
                sides, said = [places[number] for number in numbers], said if predicate else RELATED
            self.say(name(sides[0], document), said, name(sides[1], document), qualifiers)

    def say(self, source: str, predicate: str, target: str, beside: Qualifiers | None = None) -> None:
        """Take in one relation with what is said beside it."""
        triple = Triple(*(clean(unescaped(part)) for part in (source, predicate, target)))
        if triple.source and triple.predicate and triple.target:
            self.count += 1
            self.triples[triple] = self.triples.get(triple) or beside
        else:
            self.malformed += 1


def _readings(text: str, *, cut: bool) -> Iterator[_Reading]:
    """Yield the readings of a reply, the most telling one first; tags inside the strings of valid JSON are no tags."""
    if strict(text) is not None:
        yield _read_json(text)
    for section in text.split("<graph_json>")[1:]:  # one that is not closed reaches to the end
        inside = section.partition("</graph_json>")[0]
        if inside.strip():
            yield _read_json(inside)
    answer, thinking = split_thinking(text)
    yield _read_json(answer)
    if cut and not text.rstrip().endswith("]"):
        answer, thinking = answer.rpartition("\n")[0], thinking.rpartition("\n")[0]
    yield _read_lines(answer)
    if NATIVE in text:  # a Graph-PRefLexOR model draws its graph while it thinks; what others note there are drafts
        yield _read_lines(thinking)


def _read_json(body: str) -> _Reading:
    values, broken = json_values(body)
    reading = _Reading(json=bool(values) or broken, salvaged=broken)
    if broken:
        salvaged = salvage(body)
        values, reading.malformed, reading.cut = salvaged.values, salvaged.lost, salvaged.cut
    found = Shapes(_DEPTH, is_salvaged=broken)
    for value in values:
        found.take(value)
    reading.take(found)
    return reading


def _read_lines(body: str) -> _Reading:
    """Read lines `[A] -[REL]-> [B]`, also chained and without brackets."""
    reading = _Reading()
    for line in body.splitlines()[:_MAX_LINES]:
        if "->" not in line or len(line) > _MAX_LINE:
            continue
        plain = _DASHES.sub("--", _EMPHASIS.sub("", _BULLET.sub("", clean(line))))
        parts = [part.strip() for part in plain.split("->")]
        sides = [_SAID.fullmatch(part) for part in parts]
        for here, then, tail in zip(sides, sides[1:], parts[1:], strict=False):
            if not here:
                continue
            if then:
                name = then["name"] or then["bare"]
            elif tail.startswith("["):  # the name at the head, nothing where its bracket is not closed
                name, bracket, _ = tail[1:].partition("]")
                name = name if bracket else ""
            else:
                name = tail
            reading.say(here["name"] or here["bare"], here["predicate"], name)
    return reading


def _outcome(text: str, reading: _Reading, finish_reason: str) -> tuple[Outcome, str]:
    """Return how a reading went, and why: for an unusable one a sentence that helps the model to mend it."""
    unique, lost, tail = len(reading.triples), reading.malformed, text.rstrip()[-4 * _LOOP_TAIL :]
    is_loop = reading.count >= _LOOP_ITEMS and unique * 2 <= reading.count
    if unique and not is_loop:  # or one passage at the end said four times or more, sixty characters at least
        is_loop = any(
            tail.endswith(last := tail[-period:], 0, -period) and tail.endswith(last * max(4, -(-60 // period)))
            for period in range(1, _LOOP_TAIL + 1)
        )
    if unique and is_loop:
        return "repetition", f"The reply runs in a loop. Different relations: {unique} of {reading.count}."
    if finish_reason == FILTERED and not text.strip():
        return "unusable", "The endpoint's content filter kept the reply back."
    if finish_reason == "length":
        return "truncated", f"The reply hit its length limit. Complete relations before it: {unique}."
    if reading.cut:
        return "truncated", f"The JSON ends in mid-air. Complete relations before it: {unique}."
    if reading.is_empty:
        return "empty", "The model gives no relation."
    if unique and lost:
        return "partial", " ".join((f"Relations read: {unique}, malformed items dropped: {lost}.", *reading.notes))
    if unique and reading.salvaged:
        return "partial", f"Relations read out of broken JSON: {unique}, none was lost."
    if unique:
        return "ok", " ".join((f"Relations read: {unique}.", *reading.notes))
    if not text.strip():
        return "unusable", BLANK
    if not "".join(split_thinking(text)[0].split()):
        return "unusable", "The reply holds thinking only and no answer after it."
    if lost:
        return "unusable", f"No item of its JSON has a source, a predicate and a target (malformed: {lost})."
    if reading.salvaged:
        return "unusable", "Its JSON is not valid, and no relation can be read out of it."
    if reading.json:
        return "unusable", "Its JSON holds no relations with source, predicate and target."
    if len(text.split()) >= _PROSE_WORDS:
        return "empty", PROSE
    return "unusable", "There is no JSON in the reply."
