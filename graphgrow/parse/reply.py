"""What a model's reply says, in its own words: triples and declared names out of JSON, broken JSON or arrow lines.

Nothing here judges content (hygiene.py) or knows the graph (resolve.py). `parse` never raises, and every reply ends in
one of six outcomes with a reason in plain words; the reason of an unusable reply is sent back to the model.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from graphgrow.graph.keys import clean
from graphgrow.graph.model import BROKEN, REFUSED, THINKING, Form, Outcome, Proposal, Qualifiers, Triple
from graphgrow.graph.thinking import split_thinking
from graphgrow.parse.fields import (
    EDGES,
    ID,
    NAME,
    NODES,
    PREDICATE,
    SOURCE,
    TARGET,
    TYPE,
    are_types,
    decoded,
    find,
    flat,
    handles,
    read_qualifiers,
    type_of,
    word,
)
from graphgrow.parse.forms import read_questions, read_verdict
from graphgrow.parse.json_text import json_values, salvage, strict
from graphgrow.parse.names import read_names

_DEPTH = 6
_LOOP_ITEMS = 20
_LOOP_TAIL = 300
_SIDES = 3
_DIGITS = 6  # of the place of a node
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
NO_NAMES = "The reply names nothing."
NO_QUESTIONS = "There is no list of questions in the reply."
FILTERED = "content_filter"
_LONGEST_QUOTE = 300
_ENDS: dict[str, tuple[Outcome, str]] = {
    THINKING: ("thinking", "The reply ended while the model was still thinking"),
    REFUSED: ("refused", "The endpoint refuses"),
    BROKEN: ("unusable", "What came is no reply of a model"),
}
# How models begin to say no, in a line or two without any JSON.
_REFUSAL = re.compile(
    r"(?:[^{\[>]{0,90}?\b)?(?:(?:i|we)\s+(?:can['\u2019]?t|cannot|can not|could not|won['\u2019]?t(?: be able)?"
    r"|will not|must decline|decline|must refuse)|(?:unable|not able) to)\s*(?:to\s+)?"
    r"(?:help|assist|provide|comply|answer|discuss|fulfill?|continue|do that|support|share|create|generate|engage)"
    r"[^{\[>]*\Z",
    re.IGNORECASE,
)


def parse(text: str, finish_reason: str = "stop", form: Form = "expand") -> Proposal:
    """Return what a reply to a question of a form says. `finish_reason` is that of Reply; CUT: it was cut off."""
    if finish_reason in {THINKING, REFUSED, BROKEN}:
        ended, why = _ENDS[finish_reason]
        return Proposal((), (), ended, f"{why}: {clean(text)[:_LONGEST_QUOTE]}" if text.strip() else f"{why}.")
    answer = split_thinking(text)[0].strip()
    if len(answer) <= _MAX_LINE and _REFUSAL.match(answer):
        return Proposal((), (), "refused", f"The model refuses: {answer}")
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
    names = reading.handles  # a declared node's name stands in place of its number
    triples = dict.fromkeys(
        Triple(names.get(t.source, t.source), t.predicate, names.get(t.target, t.target)) for t in reading.triples
    )
    beside = {
        Triple(names.get(t.source, t.source), t.predicate, names.get(t.target, t.target)): qualifiers
        for t, qualifiers in reading.triples.items()
        if qualifiers
    }
    types = tuple(reading.types.items())
    return Proposal(tuple(triples), tuple(reading.names), outcome, reason, qualifiers=beside, types=types)


@dataclass(slots=True)
class _Reading:
    """One part of a reply being read: triples with what is said beside them; `count` has their repetitions too.

    `handles` are ids by which relations mean a declared node, with its name; `types` what nodes are, by name; `places`
    the names of nodes without any ids, which links of d3 mean by their place, from 0, often without any words.
    """

    triples: dict[Triple, Qualifiers | None] = field(default_factory=dict)
    names: dict[str, None] = field(default_factory=dict)
    handles: dict[str, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    places: list[str] = field(default_factory=list)
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

    def take(self, value: object, depth: int = 0) -> None:
        """Read a JSON value of any known shape: a row of three, a relation, a wrapper of nodes and relations."""
        if value == {} and not depth:
            return
        if depth > _DEPTH or not isinstance(value, (dict, list)):
            self.malformed += 1
            return
        if isinstance(value, list):
            self.blank |= not value
            for item in value:
                is_row = isinstance(item, list) and len(item) == _SIDES
                if is_row and not any(isinstance(side, (dict, list)) for side in item[:2]):
                    self.say(*item)
                else:
                    self.take(item, depth + 1)
            return

        row = {word(key): inner for key, inner in value.items()}
        source, target = find(row, SOURCE, TARGET), find(row, TARGET, SOURCE)
        predicate = find(row.keys() - {source, target}, PREDICATE)
        sides = sum(map(bool, (source, predicate, target)))
        if (source or target) and sides > 1 and not EDGES & row.keys():
            spelt = {str(key).lower(): inner for key, inner in value.items()}
            qualifiers = read_qualifiers(spelt, names_source=source == "source")
            ends, said = [row.get(source), row.get(target)], row.get(predicate)
            places = [int(end) for end in map(_text, ends) if end.isdecimal() and len(end) <= _DIGITS]
            if len(places) == len(ends) and max(places) < len(self.places):
                ends, said = [self.places[place] for place in places], said if predicate else RELATED
            self.say(ends[0], said, ends[1], qualifiers)
            return
        if self.salvaged and "id" in row and not source and not target:
            self.declare([value])
            return
        row = {key: decoded(inner) for key, inner in row.items()}
        nodes = [node for key, inner in row.items() if key in NODES and isinstance(inner, list) for node in inner]
        self.declare(nodes)
        # Tags and notes beside the relations are not read.
        inside = [
            inner
            for key, inner in row.items()
            if key not in NODES
            and (
                isinstance(inner, dict)
                or (
                    isinstance(inner, list)
                    and (key in EDGES or not inner or any(isinstance(item, (dict, list)) for item in inner))
                )
            )
        ]
        for inner in inside:
            self.take(inner, depth + 1)
        if depth and not inside and not nodes:
            self.malformed += 1

    def declare(self, nodes: list[object]) -> None:
        """Take in declared nodes, each by its name or else its id; relations may mean it by either."""
        rows = [{word(key): inner for key, inner in flat(node).items()} if isinstance(node, dict) else {"id": node}
                for node in nodes]  # fmt: skip
        ids, named, labels = (
            [next((text for field in fields if (text := _text(row.get(field)))), "") for row in rows]
            for fields in (ID, NAME, ("label",))
        )
        has_types, pointing = are_types(labels, ids, named), handles(ids)
        if not any(ids):
            self.places = [name or label for name, label in zip(named, labels, strict=True)]
        for row, ident, name, label in zip(rows, ids, named, labels, strict=True):
            if not has_types and (ident in pointing or not ident):
                name = name or label  # noqa: PLW2901
            if not (name or ident):
                self.malformed += 1
                continue
            name = name or ident  # noqa: PLW2901
            self.names[name] = None
            if ident and ident != name:  # one that two nodes have means neither
                self.handles[ident] = name if self.handles.get(ident, name) == name else ident
            kind = label if has_types else next((kind for field in TYPE if (kind := type_of(row.get(field)))), "")
            if kind and kind != name:
                self.types.setdefault(name, clean(kind))

    def say(self, source: object, predicate: object, target: object, beside: Qualifiers | None = None) -> None:
        """Take in one relation with what is said beside it; a list of targets is one triple each."""
        targets = target if isinstance(target, list) and target else [target]
        for each in targets:
            triple = Triple(_text(source), _text(predicate), _text(each))
            if triple.source and triple.predicate and triple.target:
                self.count += 1
                self.triples[triple] = self.triples.get(triple) or beside
            else:
                self.malformed += 1


def _text(value: object) -> str:
    """Return a scalar, or the name of an object that has one, as text; "" where there is none."""
    if isinstance(value, dict):
        return next((_text(value[key]) for key in ("name", "id") if isinstance(value.get(key), str)), "")
    if value is None or isinstance(value, list):
        return ""
    return clean(str(value).lower() if isinstance(value, bool) else str(value))


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
    for value in values:
        reading.take(value)
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
        return "partial", f"Relations read: {unique}, malformed items dropped: {lost}."
    if unique and reading.salvaged:
        return "partial", f"Relations read out of broken JSON: {unique}, none was lost."
    if unique:
        return "ok", f"Relations read: {unique}."
    if not text.strip():
        return "unusable", "The reply is blank."
    if not "".join(split_thinking(text)[0].split()):
        return "unusable", "The reply holds thinking only and no answer after it."
    if lost:
        return "unusable", f"No item in it is valid JSON with source, predicate and target (malformed: {lost})."
    if reading.salvaged:
        return "unusable", "Its JSON is not valid, and no relation can be read out of it."
    if reading.json:
        return "unusable", "Its JSON holds no relations with source, predicate and target."
    if len(text.split()) >= _PROSE_WORDS:
        return "empty", PROSE
    return "unusable", "There is no JSON in the reply."
