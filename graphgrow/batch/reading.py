"""A jobs file as text: what is wrong with it, line by line, and what it says where nothing is."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphgrow.batch.jobs import EndpointRate, Job, Jobs, Limits, Quota, Rate, RunQuota, When
from graphgrow.errors import BadInput

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Path_ = tuple[str | int, ...]
_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)")
_PARTS = (Jobs, Job, Limits, Rate, EndpointRate, Quota, RunQuota, When)
_KNOWN = sorted({name for part in _PARTS for name in part.model_fields})


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that a jobs file cannot say, and the line that says it (0: the whole file)."""

    line: int
    text: str


def load(path: Path) -> Jobs:
    """Return the jobs of a file; raises BadInput with the first line that cannot be used, and how many more."""
    text = read(path)
    found, problems = parse(text)
    if found is None:
        first, *more = problems
        rest = f" (and {len(more)} more: see  graphgrow batch check {path})" if more else ""
        raise BadInput(f"{path}:{first.line}: {first.text}{rest}")
    return found


def read(path: Path) -> str:
    """Return the text of a jobs file; raises BadInput where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput(f"{path} is no UTF-8 text: save it as UTF-8") from None
    except OSError as error:
        raise BadInput(f"cannot open {path}: {error.strerror or error}") from None


def parse(text: str) -> tuple[Jobs | None, list[Problem]]:
    """Return what a text says, or None and what is wrong with it, in the order of its lines."""
    from pydantic import ValidationError

    try:
        return Jobs.model_validate(tomllib.loads(text)), []
    except tomllib.TOMLDecodeError as error:
        return None, [_syntax(str(error), text)]
    except ValidationError as error:
        places = lines(text)
        found = [_problem(one, places) for one in _told(error.errors(include_url=False))]
        return None, sorted(found, key=lambda problem: problem.line)
    except (RecursionError, ValueError):
        return None, [Problem(1, "this is no jobs file: its brackets are too deep, or a number in it is too long")]


def _told(errors: "list[ErrorDetails]") -> "list[ErrorDetails]":
    """Return the errors without the one that there is no job, where the jobs that there are have errors."""
    return [one for one in errors if one["type"] != "too_short" or len(errors) == 1] or errors


def _syntax(said: str, text: str) -> Problem:
    match = _AT_LINE.search(said)
    line = int(match[1]) if match else text.count("\n") + 1
    return Problem(line, f"this is no TOML: {_AT_LINE.sub('', said).strip().lower()}")


def _problem(error: "ErrorDetails", places: Mapping[Path_, int]) -> Problem:
    place = error["loc"]
    name = ".".join(str(part) for part in place if isinstance(part, str) and part != "job")
    name = name or ("job" if place else "the file")
    return Problem(_line(place, places), f"{name}: {_words(error)}")


def _line(place: Path_, places: Mapping[Path_, int]) -> int:
    """Return the line of a value, or of the nearest table around it that the file names."""
    return next((places[place[:end]] for end in range(len(place), 0, -1) if place[:end] in places), 1)


def _words(error: "ErrorDetails") -> str:
    """Return what is wrong in our own words."""
    kind, said, value = error["type"], error["msg"], error.get("input")
    if kind == "extra_forbidden":
        near = get_close_matches(str(error["loc"][-1]), _KNOWN, 1)
        return f"there is no such setting{f', did you mean {near[0]}?' if near else ''}"
    if kind == "missing":
        return "this is missing"
    if kind == "value_error":
        return said.removeprefix("Value error, ")
    if kind == "string_pattern_mismatch":
        return f"{value!r} cannot be used: a name has letters, digits, dots, hyphens and underscores, at most 64"
    shown = "" if isinstance(value, dict | list) else f" (it is {value!r})"
    return said[:1].lower() + said[1:] + shown


def lines(text: str) -> dict[Path_, int]:
    """Return the line of every table and key of a TOML text, by its path; entries of arrays of tables are numbered."""
    found: dict[Path_, int] = {}
    table: Path_ = ()
    last: dict[Path_, int] = {}
    for line, said in _statements(text):
        if said.lstrip().startswith("["):
            table = _inside(_table(said), last)
            if said.lstrip().startswith("[["):
                last[table] = last.get(table, -1) + 1
                table = (*table, last[table])
            found.setdefault(table, line)
        else:
            for path in _paths(tomllib.loads(said)):
                found.setdefault((*table, *path), line)
    return found


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Yield each statement with its line: a header, or a key with its value, which may go over several lines."""
    said, first = "", 0
    for line, words in enumerate(text.splitlines(keepends=True), 1):
        first = first or line
        said += words
        try:
            means = tomllib.loads(said)
        except tomllib.TOMLDecodeError:
            continue
        if means:
            yield first, said
        said, first = "", 0


def _table(header: str) -> Path_:
    names: list[str] = []
    means: Any = tomllib.loads(header)
    while means:
        ((name, means),) = means.items()
        names.append(name)
        means = means[0] if isinstance(means, list) else means
    return tuple(names)


def _inside(table: Path_, last: Mapping[Path_, int]) -> Path_:
    """Return the path of a table with the number of the array entry that it is in."""
    path: Path_ = ()
    for name in table[:-1]:
        path = (*path, name)
        if path in last:
            path = (*path, last[path])
    return (*path, table[-1])


def _paths(means: Mapping[str, Any]) -> Iterator[Path_]:
    for name, value in means.items():
        yield (name,)
        if isinstance(value, dict):
            yield from ((name, *rest) for rest in _paths(value))
