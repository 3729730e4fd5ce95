"""Events as JSON text and back: one compact line per event, versioned, the file format of runs (`*.jsonl[.gz]`)."""

import gzip
import os
import zlib
from codecs import BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO, cast

from graphgrow.errors import BadInput
from graphgrow.graph.model import Edit, Event, Expansion, FactCheck, Focus, Form, ReasoningStep

if TYPE_CHECKING:
    from pydantic import TypeAdapter


# How stored events spell what has another name now.
STORED = {"follows": "heeds", "task_seq": "work"}  # field -> the name that it has in every log, also the oldest
# Fields of a reply that came later: they are left out where they hold nothing, so that old runs keep their bytes.
LATER = ("by", "options")
NOT_STORED: dict[str, Any] = {
    "prompt": {"asks", "logprobs", "temperature"},
    "focus": {"form"},
    "reply": {"logprobs": True, "usage": {"cached_tokens"}},
}
LISTS = frozenset(f"survey {side}" for side in "kinds parts uses causes effects methods mechanism failure".split())
# Forms whose questions have an angle of their own, and the angles of lists.
OWN: tuple[Form, ...] = ("connect", "join", "between", "consolidate", "kin", "widen", "intents", "fact_check")
FORMS: dict[str, Form] = {form: form for form in OWN} | dict.fromkeys(LISTS, "list")  # angle -> form
LONGEST_LINE = 1 << 26  # characters, or bytes, of a file of lines: far more than any event has
FACET = "facet "  # how the angle of a question about one facet begins
MORE = " +"  # how it says that the facet is asked about once more


def base(angle: str) -> str:
    """Return the angle of a facet as its table has it, in whichever round it is asked."""
    return angle.partition(MORE)[0]


def now() -> str:
    """Return the time as events record it: UTC, ISO 8601, whole seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@cache
def adapter(kind: Any) -> "TypeAdapter[Any]":  # noqa: ANN401  # a type
    """Return how values of a kind, a union of dataclasses, are written and read: under the names that logs keep."""
    from pydantic import ConfigDict, TypeAdapter

    names = ConfigDict(alias_generator=lambda name: STORED.get(name, name), serialize_by_alias=True)
    return TypeAdapter(kind, config=names)


@cache
def _events() -> "TypeAdapter[Event]":
    from pydantic import Field

    return adapter(Annotated[Expansion | Edit | ReasoningStep | FactCheck, Field(discriminator="kind")])


def to_json(event: Event) -> str:
    """Return the event as one line of JSON; equal events give equal bytes."""
    reply = None if isinstance(event, Edit) else event.reply
    empty = {name: True for name in LATER if reply and not getattr(reply, name)}
    hidden = NOT_STORED | {"reply": NOT_STORED["reply"] | empty}
    if isinstance(event, Expansion) and event.embedding is None:
        hidden["embedding"] = True
    return _events().dump_json(event, exclude=hidden).decode()


def from_json(text: str | bytes) -> Event:
    """Return the event a line of JSON holds; raises BadInput where it holds none."""
    from pydantic import ValidationError

    try:
        event: Event = _events().validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the line"
        raise BadInput(f"not a step of graphgrow: {place}: {first['msg']}") from None
    if isinstance(event, Expansion) and (focus := formed(event.focus)) is not event.focus:
        return replace(event, focus=focus)
    return event


def formed(focus: Focus) -> Focus:
    """Return a focus with its form, which stored events keep in its strategy and angle."""
    if focus.form != "expand":
        return focus
    form: Form = "facet" if focus.angle.startswith(FACET) else FORMS.get(focus.angle, "expand")
    if focus.strategy in {"seed", "arbiter"} and form == "expand":
        form = "seed" if focus.strategy == "seed" else "arbitrate"
    return focus if form == focus.form else replace(focus, form=form)


def sealed(event: Event) -> str:
    """Return the event's JSON, read back once: what cannot be read back must not be written."""
    text = to_json(event)
    from_json(text)
    return text


def encoding_of(path: Path) -> str:
    """Return how the text of a file is written: UTF-8, with or without a mark, UTF-16 or UTF-32, as its bytes say."""
    if not path.is_file():  # a pipe is read but once
        return "utf-8-sig"
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        begun = file.read(4)
    if begun in {BOM_UTF32_LE, BOM_UTF32_BE}:
        return "utf-32"
    if begun[:2] in {BOM_UTF16_LE, BOM_UTF16_BE}:
        return "utf-16"
    zeros = [byte == 0 for byte in begun]  # without a mark: what these files begin with is ASCII
    if zeros == [False, True, False, True]:
        return "utf-16-le"
    return "utf-16-be" if zeros == [True, False, True, False] else "utf-8-sig"


def open_text(path: Path) -> TextIO:
    """Open a text file for reading, gzipped where its name ends in .gz; raises BadInput where it cannot be opened."""
    try:
        if path.suffix == ".gz":
            return cast("TextIO", gzip.open(path, "rt", encoding=encoding_of(path)))
        return path.open(encoding=encoding_of(path))
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BadInput(f"{path} is not readable text: {error}") from None
    except OSError as error:
        raise BadInput(f"cannot open {path}: {error.strerror or error}") from None


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line number, text) of every line that is not blank; raises BadInput for a file that is no UTF-8 text."""
    with open_text(path) as file:
        try:
            for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE + 1), ""), 1):
                if len(line) > LONGEST_LINE:
                    raise BadInput(
                        f"{path} is not readable text: line {number} is longer than {LONGEST_LINE:,} characters"
                    )
                if line.strip():
                    yield number, line
        except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
            raise BadInput(f"{path} is not readable text: {error}") from None


def read_events(path: Path) -> Iterator[Event]:
    """Yield the events of a run file in order; a broken line is a BadInput that names its number."""
    for number, line in read_lines(path):
        try:
            yield from_json(line)
        except BadInput as error:
            raise BadInput(f"{path} line {number}: {error}") from None


def digest(before: str, text: bytes) -> str:
    """Return the digest of an event, 64 hexadecimal digits, by its JSON and the digest before it, "" for the first."""
    return sha256(before.encode() + text).hexdigest()


def write_events(path: Path, events: Iterable[Event]) -> int:
    """Write events as a run file and return how many; the same events give the same bytes, gzipped or not.

    Each line ends with the digest of its event; only the file's owner may read it, for it holds replies.
    """
    lines, head = list[str](), ""
    for event in events:
        text = to_json(event)
        head = digest(head, text.encode())
        lines.append(f'{text[:-1]},"digest":"{head}"}}\n')
    data = "".join(lines).encode()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
    return len(lines)
