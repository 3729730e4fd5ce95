"""What a run did, read from the log of its graph: what grew, what it cost, new hubs and communities, what went wrong.

Names in it are a model's words: in Markdown they stand in code spans, where nothing is read as mark-up. A command tells
whoever wants to know: it is a list of words, no shell, and gets only named environment variables.
"""

import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryFile

from graphgrow.batch.jobs import Job
from graphgrow.errors import without_passwords
from graphgrow.graph.graph import Bill, Graph, bill_rows, fold, take_bill
from graphgrow.graph.keys import clean
from graphgrow.graph.model import Expansion, FactCheck, Role
from graphgrow.growth.step import is_failure
from graphgrow.policy.monitor import monitor
from graphgrow.stores import GraphStore

HUBS = 10  # the best connected concepts of a graph
LISTED = 12  # most lines of a list
SMALLEST = 3  # concepts of a community that is reported
LONGEST = 80  # characters of a name
PASSED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SYSTEMROOT")  # to the command, where they are set
MOST_READ, SHOWN = 100_000, 300  # bytes of what the command says, and characters of it in the report
FAILED = frozenset(("error", "failing", "refused"))
AGAIN = frozenset(("held", "interrupted", "lost"))  # the run is not done: whoever comes next continues it
ENDINGS = {
    "steps": "all steps done",
    "tokens": "its tokens are spent",
    "usd": "the next question could cost more than its money allows",
    "minutes": "its time was up",
    "quota": "its quota is used up",
    "exhausted": "no question is left that was not asked",
    "failing": "five replies in a row could not be used",
    "refused": "five questions in a row were refused",
    "saturated": "nothing new comes any more",
    "drifted": "the model left its topic or its language",
    "interrupted": "stopped; what was paid for is saved, and it goes on when it is started again",
    "held": "another machine, or another job, works on its graph",
    "lost": "another machine has taken it over",
    "error": "it could not go on",
}


@dataclass(frozen=True, slots=True)
class JobReport:
    """What a run did; names in lists are as the graph shows them, moments are UTC in ISO 8601.

    `before` is true where another machine, or an earlier try, had completed it. `bills` say what each role of a
    model cost, `remarks` what was left undone.
    """

    run: str
    job: str
    due: str
    outcome: str
    said: str = ""
    began: str = ""
    ended: str = ""
    store: str = ""
    topic: str = ""
    model: str = ""
    steps: int = 0
    replies: int = 0
    tokens: int = 0
    usd: float = 0.0
    concepts: int = 0
    new_concepts: int = 0
    relations: int = 0
    new_relations: int = 0
    newest: Sequence[str] = ()
    new_hubs: Sequence[tuple[str, int]] = ()
    new_communities: Sequence[tuple[Sequence[str], int]] = ()
    saturation: str = ""
    failures: Sequence[tuple[int, str]] = ()
    hooks: Sequence[str] = ()
    before: bool = False
    bills: Sequence[dict[str, str | int | float]] = ()
    remarks: Sequence[str] = ()

    def __post_init__(self) -> None:
        for name in ("store", "said"):  # wherever it goes, no password goes with it
            object.__setattr__(self, name, without_passwords(getattr(self, name)))

    @property
    def is_failed(self) -> bool:
        """True where somebody should look at it."""
        return self.outcome in FAILED

    @property
    def is_done(self) -> bool:
        """True where the run is over for good."""
        return not (self.is_failed or self.outcome in AGAIN)

    @property
    def sentence(self) -> str:
        """How it ended, in words."""
        return self.said or ENDINGS.get(self.outcome, self.outcome)


def with_results(report: JobReport, store: GraphStore) -> JobReport:
    """Return the report with what the log of a graph says of its run."""
    from graphgrow.measure.communities import partition

    events = list(store.events())
    mine = [event for event in events if isinstance(event, Expansion) and event.run == report.run]
    paid = [event for event in events if isinstance(event, Expansion | FactCheck) and event.run == report.run]
    bill, bills = Bill(), dict[tuple[Role, str], Bill]()
    for event in paid:
        take_bill(event, bill, bills)
    graph, before = fold(events), Graph()
    first = mine[0].seq if mine else graph.seq + 1
    before.apply_all(event for event in events if event.seq < first)

    newest = [graph.name(key) for key, seq in graph.introduced.items() if seq >= first and key in graph.concepts]
    hubs, hubs_before = (
        sorted(one.concepts, key=lambda key: (-one.degree(key), key))[:HUBS] for one in (graph, before)
    )
    new_communities = [one for one in partition(graph)[1] if one.born >= first and one.size >= SMALLEST]
    return replace(
        report,
        topic=graph.topic,
        model=mine[-1].reply.model if mine else report.model,
        steps=sum(event.is_step for event in mine),
        replies=len(paid),
        tokens=bill.tokens,
        usd=bill.usd,
        bills=tuple(bill_rows(bills)),
        concepts=len(graph.concepts),
        new_concepts=len(graph.concepts) - len(before.concepts),
        relations=len(graph.relations),
        new_relations=len(graph.relations) - len(before.relations),
        newest=tuple(newest[:LISTED]),
        new_hubs=tuple((graph.name(key), graph.degree(key)) for key in hubs if key not in hubs_before),
        new_communities=tuple((tuple(map(graph.name, one.name)), one.size) for one in new_communities[:LISTED]),
        saturation=monitor(graph).assessment.summary,
        failures=tuple((event.seq, event.reason or event.outcome) for event in mine if is_failure(event))[:LISTED],
    )


def markdown(report: JobReport) -> str:
    """Return the report for people."""
    ending = ENDINGS.get(report.outcome, report.outcome)
    facts = [
        ("run", code(report.run)), ("due", report.due), ("began", report.began or "-"), ("ended", report.ended or "-"),
        ("graph", code(report.store)), ("topic", code(report.topic)), ("model", code(report.model)),
        ("steps", f"{report.steps}"), ("replies", f"{report.replies}"), ("tokens", f"{report.tokens:,}"),
        ("money", f"{report.usd:.4f} USD"),
        *((f"{one['role']} by {code(str(one['model']))}", f"{one['tokens']:,} tokens, {one['usd']:.4f} USD")
          for one in report.bills if len(report.bills) > 1),
        ("concepts", f"{report.concepts:,} (+{report.new_concepts:,})"),
        ("relations", f"{report.relations:,} (+{report.new_relations:,})"),
    ]  # fmt: skip
    communities = [f"- {', '.join(map(code, names))}: {size} concepts" for names, size in report.new_communities]
    sections = {
        "New concepts": [f"- {code(name)}" for name in report.newest],
        "New hubs": [f"- {code(name)}, related to {degree}" for name, degree in report.new_hubs],
        "New communities": communities,
        "Saturation": [code(report.saturation)] if report.saturation else [],
        "Replies that could not be used": [f"- step {seq}: {code(reason)}" for seq, reason in report.failures],
        "Left undone": [f"- {code(words, 400)}" for words in report.remarks],
        "Hooks": [f"- {code(words)}" for words in report.hooks],
    }
    parts = [
        f"# {code(report.job)}: {ending}{f' ({code(report.said, 400)})' if report.said else ''}",
        "\n".join(f"- {name}: {value}" for name, value in facts),
    ]
    parts += [f"## {title}\n\n" + "\n".join(lines) for title, lines in sections.items() if lines]
    return "\n\n".join(parts) + "\n"


def code(text: str, most: int = LONGEST) -> str:
    """Return any text as a code span: one line, in which Markdown reads nothing."""
    line = clean(text).replace("`", "'").strip()
    line = line if len(line) <= most else f"{line[: most - 1]}…"
    return f"`{line}`" if line else "-"


def write(path: Path, report: JobReport) -> None:
    """Write a report as Markdown, and as JSON beside it, each whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = {".md": markdown(report), ".json": json.dumps(asdict(report), ensure_ascii=False, indent=1) + "\n"}
    for suffix, text in texts.items():
        draft = path.with_suffix(f"{suffix}.draft")
        draft.write_text(text, encoding="utf-8", errors="backslashreplace")
        draft.replace(path.with_suffix(suffix))


def notify(job: Job, report: JobReport, path: Path, folder: Path, env: Mapping[str, str] = os.environ) -> str:
    """Run the command of a job in the folder of the jobs file; return what went wrong, "" where nothing did.

    Its environment tells it about the run: GRAPHGROW_JOB, GRAPHGROW_RUN, GRAPHGROW_OUTCOME, GRAPHGROW_REPORT (the
    Markdown file; the JSON is beside it). It is not given keys, unless `command_env` names them.
    """
    if not job.command:
        return ""
    given = {name: env[name] for name in (*PASSED, *job.command_env) if name in env} | {
        "GRAPHGROW_JOB": job.name, "GRAPHGROW_RUN": report.run, "GRAPHGROW_OUTCOME": report.outcome,
        "GRAPHGROW_REPORT": str(path.absolute()),
    }  # fmt: skip
    program = job.command[0]
    try:
        with (
            TemporaryFile() as errors,  # a file, for a pipe stays open as long as anything that the command started
            subprocess.Popen(  # noqa: S603  # the user's own command, no shell
                list(job.command), cwd=folder, env=given, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=errors, start_new_session=True,
            ) as process,
        ):  # fmt: skip
            try:
                status = process.wait(job.command_seconds)
            except subprocess.TimeoutExpired:
                return f"{program} was ended after {job.command_seconds:g} s"
            finally:  # where its time is up, all that it started ends with it
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
            errors.seek(0)
            words = clean(errors.read(MOST_READ).decode(errors="replace"))[-SHOWN:]
    except (OSError, ValueError) as error:
        return f"{program} cannot be run: {error}"
    return f"{program} ended with {status}{f': {words}' if words else ''}" if status else ""
