"""JSON in a reply: values in a text with prose around them; of what is broken, those that can be read with certainty.

Every broken object is mended on its own. A repair may add punctuation but lose or move no word: json_repair alone would
read `"o": "Ur" is not true}` as "Ur". What does not pass that check is dropped and counted, never guessed.
"""

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

from graphgrow.graph.model import Json

MOST = 200  # places of a reply where an object may begin
# Where JSON may begin: a citation like [1] or [[Title]] is none.
_START = re.compile(r"""\[\s*+\[?+\s*+["'{\]]|\{\s*+["'}]""")
MAX_OBJECT = 2_000
MAX_WHOLE = 20_000
# json_repair takes 30-500 µs per object, and 5 ms where it recurses without end: at most 200 objects, 40,000
# characters.
MAX_REPAIRED = 40_000
MIN_COST = 200
MAX_BRACKETS = 200

# What a hand-written parser raises where it is wrong about its input; json_repair 0.64 fails an assertion on some.
_REPAIR_BUGS = (AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError)

_STRING = r'"(?:[^"\\\n]|\\.)*+"'
_SPACE = r"\s*+"
_SCALAR = rf"(?:{_STRING}|[\w.+-]++)"
_FLAT = rf"\{{(?:{_SPACE}{_STRING}{_SPACE}:{_SPACE}{_SCALAR}{_SPACE},?+)*+{_SPACE}\}}"  # such as a number with its unit
# An object with well-formed strings (braces may stand in them), else anything up to the next brace, closed or not.
_OBJECT = re.compile(
    rf"\{{(?:{_SPACE}{_STRING}{_SPACE}:{_SPACE}(?:{_SCALAR}|{_FLAT}){_SPACE},?+)++{_SPACE}\}}|\{{[^{{}}]*+\}}?+"
)
_KEY = re.compile(r"""["']\w++["']\s*+:""")
_SIDES = "s|subject|source|from|head|p|predicate|relation|relationship|rel|type|label|o|object|target|to|tail"
_BROKEN_CODE = re.compile(r"\\u(?:\{|[0-9a-fA-F]{1,3}(?![0-9a-fA-F]))")
_COMMENT = re.compile(r'(?<=[\s",\]])//[^"\n]*+')
_MENDS = (
    (_COMMENT, ""),
    (re.compile(rf'"(?:{_SIDES})"\s*+:\s*+(?="(?:{_SIDES})"\s*+:)'), ""),  # {"s": "p": "builds", "s": "Ur", ...
    (re.compile(r'"\s*+:\s*+":\s*+"'), '": "'),  # {"s":": "Ur", ...
    (re.compile(r"\\u(?=[^\x00-\x7f]|[\s\"])"), ""),  # an escape that turned into the character itself
    (re.compile(r"\\'"), "'"),
    (re.compile(r'\\(?!["\\/bfnrt]|u[0-9a-fA-F]{4})'), r"\\\\"),  # LaTeX
)
_ESCAPED = re.compile(r"\\(?:u([0-9a-fA-F]{4})|[bfnrt])")
_NOTHING = re.compile(r"[\s,\[\]`]*+")
_NEXT = re.compile(r"\s*+,?+\s*+[\[\]{}`]")
_GOES_ON = re.compile(r'\s*+[,:{\["]')


def _merged(pairs: list[tuple[str, object]]) -> Json:
    """Return an object; a key said twice holds both lists, or null where its two values differ."""
    merged: Json = {}
    for key, value in pairs:
        known = merged.setdefault(key, value)
        if isinstance(known, list) and isinstance(value, list) and known is not value:
            merged[key] = known + value
        elif known != value:
            merged[key] = None
    return merged


# Numbers stay as the model wrote them.
DECODER = json.JSONDecoder(object_pairs_hook=_merged, parse_int=str, parse_float=str, parse_constant=str, strict=False)


def strict(text: str) -> object:
    """Return the one JSON value a text consists of, None where it is none."""
    try:
        return DECODER.decode(text)
    except (ValueError, RecursionError):
        return None


def json_values(text: str) -> tuple[list[object], bool]:
    """Return the JSON values in a text with prose around them, up to the first broken one, and whether there is one."""
    values: list[object] = []
    end = 0
    while start := _START.search(text, end):
        try:
            value, end = DECODER.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            return values, True
        values.append(value)
    return values, False


def json_objects(text: str) -> Iterator[object]:
    """Yield the JSON objects in a text, whatever is broken between them; at most MOST places are tried."""
    start = text.find("{")
    for _ in range(MOST):
        if start < 0:
            return
        try:
            value, end = DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            end = start + 1
        else:
            yield value
        start = text.find("{", end)


@dataclass(slots=True)
class Salvaged:
    """What a broken JSON text still says: values, the number of objects lost, and whether it ends in mid-air."""

    values: list[object] = field(default_factory=list)
    lost: int = 0
    cut: bool = False


def salvage(text: str) -> Salvaged:
    """Return what can be read of a JSON text that is not valid as a whole."""
    # It ends in mid-air where brackets are open and what follows the last closed one is no prose.
    is_open = text.count("{") + text.count("[") > text.count("}") + text.count("]")
    end = max(text.rfind("}"), text.rfind("]")) + 1
    salvaged = Salvaged(cut=is_open and (not end or bool(_GOES_ON.match(text, end))))
    repaired = 0
    for match in _OBJECT.finditer(text):
        piece = match[0]
        if ":" not in piece:
            continue
        # An unreadable piece was meant as an object of its own, and not as the wrapper of a list.
        is_item = len(_KEY.findall(piece)) > 1 and not piece.rstrip().endswith("[")
        value: object = None
        if piece.endswith("}"):
            value = strict(piece)
            if value is None and len(piece) <= MAX_OBJECT and is_item:
                repaired += max(len(piece), MIN_COST)
                # A brace inside a string must not pass for the end of the object.
                ends = _ends_closed(piece) or bool(_NEXT.match(text, match.end()))
                value = _mended(piece, repair=ends and repaired <= MAX_REPAIRED)
        elif _NOTHING.fullmatch(piece, last := piece.rfind('"') + 1):  # its closing brackets were forgotten
            closed = (strict(piece[:last] + brackets) for brackets in ("}", "]}"))
            value = next((one for one in closed if one is not None), None)
        if isinstance(value, dict):
            salvaged.values.append(value)
        else:
            salvaged.lost += is_item
    if not salvaged.values:  # mended in one piece, up to its last closed bracket
        starts = [start for start in (text.find("{"), text.find("[")) if start >= 0]
        piece = text[min(starts) : end] if starts else ""
        if 0 < len(piece) <= MAX_WHOLE and (value := _mended(piece, repair=_ends_closed(piece))) is not None:
            salvaged.values.append(value)
    return salvaged


def _mended(text: str, *, repair: bool) -> object:
    """Return the value of a broken text after known slips are taken out, None where it stays broken.

    A repair counts where it kept every word in its order, and left no quotation mark or empty string behind.
    """
    if _BROKEN_CODE.search(text):
        return None
    for slip, instead in _MENDS:
        text = slip.sub(instead, text)
    value = strict(text)
    if value is not None or not repair or text.count("{") + text.count("[") > MAX_BRACKETS:
        return value
    from json_repair import repair_json  # only broken replies pay for this import

    try:
        value = repair_json(text, return_objects=True, skip_json_loads=True)
    except _REPAIR_BUGS:
        return None
    if not isinstance(value, list) and not (isinstance(value, dict) and all(map(str.isidentifier, value))):
        return None
    leaves = list(_leaves(value))
    is_certain = all(_words(leaf) and '"' not in leaf for leaf in leaves) and _words("".join(leaves)) == _words(text)
    return value if is_certain else None


def _words(text: str) -> str:
    plain = _ESCAPED.sub(lambda code: chr(int(code[1], 16)) if code[1] else " ", text)
    # Marks are part of words: a repair that lost a vowel sign would have lost a word.
    return "".join(c for c in plain if c.isalnum() or unicodedata.category(c)[0] == "M")


def _leaves(value: object) -> Iterator[str]:
    """Yield the keys and scalars of a JSON value in reading order."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield str(value)


def _ends_closed(text: str) -> bool:
    """Tell whether the last string of an object or list is closed."""
    quote = '"' if '"' in text else "'"
    body = text.rstrip("}] \t\r\n")
    return body.endswith(quote) and not body.endswith("\\" + quote)
