"""A report on disk: the page, and the tables behind its figures as CSV; a file is replaced whole or not at all."""

import csv
from collections.abc import Iterable
from io import StringIO
from pathlib import Path

from graphgrow.errors import BadInput
from graphgrow.export import draft_of, guarded
from graphgrow.export.report import RunReport
from graphgrow.export.report.tables import plain
from graphgrow.export.report.words import COLUMNS


def write(path: Path, content: str) -> None:
    """Write text to a file; raises BadInput where that is not possible."""
    with draft_of(path) as draft:
        draft.write_text(content, encoding="utf-8", newline="")


def write_tables(report: RunReport, folder: Path) -> list[Path]:
    """Write every table as a CSV file of its name, and columns.csv, which says what each column means.

    Text that a spreadsheet would take for a formula starts with an apostrophe; what is missing is empty.
    """
    meanings = [(name, column, meaning) for name, columns in COLUMNS.items() for column, meaning in columns.items()]
    texts = {"columns": _csv([("table", "column", "meaning"), *meanings])}
    for name, frame in report.tables.items():
        cells = zip(*(plain(frame[column]) for column in frame), strict=True)
        texts[name] = _csv([frame.columns.tolist(), *cells])
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"cannot write into {folder}: {error.strerror or error}") from None
    for name, text in texts.items():
        write(folder / f"{name}.csv", text)
    return [folder / f"{name}.csv" for name in texts]


def _csv(rows: Iterable[Iterable[object]]) -> str:
    text = StringIO()
    csv.writer(text).writerows([guarded(value) for value in row] for row in rows)
    return text.getvalue()
