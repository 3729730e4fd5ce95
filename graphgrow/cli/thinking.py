"""`discover` and `thoughts`: reasoning along a path of the graph, and every piece of work with the graph so far."""

import json
import os
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from graphgrow.api.models import open_llm
from graphgrow.cli.output import AsJson, Store, dump, err, printable, say, table
from graphgrow.cli.pathing import Beside, ByMeaning, Seed, Via, Waypoints
from graphgrow.cli.paying import Address, Patience, Tokens, Usd, Width, announce, limits, patient, sigint
from graphgrow.errors import BadInput, BudgetSpent
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Budget, ReasoningStep
from graphgrow.stores import GraphStore, open_store

if TYPE_CHECKING:
    from graphgrow.reason.discovery import Discovery
    from graphgrow.reason.route import DiscoveryRequest
    from graphgrow.reason.tasks import Reasoner

FORMS = ".md", ".json"
NUMBERS = {"work", "event", "events", "replies", "tokens", "mends"}
PAIR = 2
Stage = Literal["A", "B", "C", "D"]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(discover)
    app.command()(thoughts)


def discover(
    store: Store,
    source: Annotated[str, typer.Option("--from", metavar="CONCEPT", help="Where the path begins.")] = "",
    target: Annotated[str, typer.Option("--to", metavar="CONCEPT", help="Where it ends.")] = "",
    longest_rank: Annotated[
        int, typer.Option(min=1, max=1000, help="Which of the longest shortest paths, without --from and --to.")
    ] = 1,
    via: Via = None,
    waypoints: Waypoints = 0,
    meanings: ByMeaning = False,
    beside: Beside = 0,
    work: Annotated[int, typer.Option(min=0, help="The discovery of this event: go on with it, or print it.")] = 0,
    from_stage: Annotated[
        Stage | None, typer.Option(help="With --work: take its earlier stages over, and ask anew from this one on.")
    ] = None,
    proposal: Annotated[
        bool, typer.Option("--proposal", help="End in a proposal of seven parts, from hypothesis to novelty.")
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="Begin anew where the same was finished before.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="List the discoveries of the graph and ask nothing.")] = False,
    llm: Annotated[str, typer.Option(help="A model's name, local, a .gguf file, recorded:RUN.")] = "",
    base_url: Address = "",
    tokens: Tokens = None,
    usd: Usd = None,
    width: Width = 1,
    seed: Seed = 0,
    patience: Patience = 10,
    out: Annotated[Path | None, typer.Option(help="Write the document to a file, .md or .json.")] = None,
    as_json: AsJson = False,
) -> None:
    """Reason along a path of the graph in four stages, to one discovery that cites what it rests on.

    Without --from and --to it is the longest shortest path. The same command goes on with what was broken off.
    """
    from graphgrow.reason.discovery import load, resolve_request
    from graphgrow.reason.route import DiscoveryRequest

    if out and out.suffix.lower() not in FORMS:
        raise BadInput(f"{out} ends neither in .md nor in .json: name one of the two")
    if from_stage and not work:
        raise BadInput("--from-stage goes with --work: name the discovery to go on from, see --list")
    wanted = DiscoveryRequest(
        source, target, longest_rank, tuple(via or ()), waypoints, meanings, beside, seed, proposal=proposal
    )
    if work and wanted != DiscoveryRequest(seed=seed, proposal=proposal and bool(from_stage)):
        raise BadInput("--work names a discovery with its path: leave out the options that choose another")
    if from_stage:
        wanted = DiscoveryRequest(seed=seed, takes=work, stage=from_stage, proposal=proposal)
    with closing(open_store(store)) as home:
        if listed:
            _list(home.graph(), as_json=as_json)
            return
        found = load(home.graph(), work) if work and not from_stage else None
        ending = 0
        if found is None or not found.is_finished:
            resolve_request(home.graph(), wanted)  # what cannot be done is said before a model is loaded or paid
            home.append()  # as is a store that this user cannot write
            wanted = found.route.request if found else wanted
            how = _How(wanted, work if found else 0, Budget(tokens=tokens, usd=usd), width, again, patience)
            found, ending = _think(home, how, llm, base_url)
    _print(found, out, as_json=as_json)
    raise typer.Exit(ending)


@dataclass(frozen=True, slots=True)
class _How:
    """What the options say about how a discovery is done; `work` is the one to go on with, 0 for what is wanted."""

    wanted: "DiscoveryRequest"
    work: int = 0
    budget: Budget = field(default_factory=Budget)
    width: int = 1
    again: bool = False
    patience: float = 0.0


def _think(opened: GraphStore, how: _How, llm: str, base_url: str) -> "tuple[Discovery, int]":
    """Do what is left of a discovery, and return it as far as it is, with the exit code."""
    from graphgrow.reason.discovery import begin, load, local_meanings
    from graphgrow.reason.tasks import Reasoner

    with (
        closing(open_llm(llm or None, base_url or None, env=os.environ)) as model,
        sigint() as stop,
    ):
        home, budget = patient(opened, how.patience, stop), limits(model, how.budget)
        reasoner = Reasoner(home, model, seed=how.wanted.seed, width=how.width, budget=budget, stop=lambda: bool(stop))
        with reasoner:
            if how.work:
                plan = reasoner.graph.thoughts[how.work][0]
            else:
                plan = begin(reasoner, how.wanted, local_meanings(home), again=how.again)
            announce(model, budget)
            ending = _asked(reasoner, plan)
            return load(reasoner.graph, plan.seq), ending


def _asked(reasoner: "Reasoner", plan: ReasoningStep) -> int:
    """Ask what is left, say what comes, and return the exit code."""
    from graphgrow.reason.discovery import load, run_stages

    found = load(reasoner.graph, plan.seq)
    known = f"; {found.bill.replies} replies are there already" if found.bill.replies else ""
    line = f"discovery {plan.seq}: {len(found.route.path)} concepts, {printable(found.route.how)}{known}"
    err().print(line, markup=False, soft_wrap=True)
    before = reasoner.graph.seq
    try:
        for thought in run_stages(reasoner, plan):
            if thought.seq > before:
                err().print(_progress(reasoner.graph, thought), markup=False, soft_wrap=True)
    except BudgetSpent as error:
        err().print(f"stopped: {error}", markup=False, soft_wrap=True)
        return 3
    except KeyboardInterrupt:
        err().print("interrupted; what was paid for is saved, the same command goes on", markup=False, soft_wrap=True)
        return 130
    return 0


def _progress(graph: Graph, thought: ReasoningStep) -> str:
    """Return what came of one question in a line."""
    names = [printable(graph.name(key)) for key in thought.subject]
    about = " and ".join(names if len(names) <= PAIR else [names[0], names[-1]])
    return f"{f'{thought.stage} {about}'.strip()}: {thought.outcome} {thought.reason}".rstrip()


def _print(found: "Discovery", out: Path | None, *, as_json: bool) -> None:
    if out:
        is_json = out.suffix.lower() == ".json"
        text = json.dumps(found.to_dict(), ensure_ascii=False, indent=1) + "\n" if is_json else found.markdown()
        out.write_text(text, encoding="utf-8")
    if as_json:
        dump(found.to_dict())
    elif out:
        say(f"discovery {found.work}, {len(found.statements)} statements, in {out}")
    else:
        say(found.markdown())


def _list(graph: Graph, *, as_json: bool) -> None:
    from graphgrow.reason.discovery import discoveries

    found = discoveries(graph)
    if as_json:
        dump([one.to_dict() for one in found])
        return
    table(
        (" work", "from", "to", " concepts", " statements", "finished", " tokens", "title"),
        (
            (one.work, *one.route.ends,
             len(one.route.path), len(one.statements), "yes" if one.is_finished else "no", one.bill.tokens, one.title)
            for one in found
        ),
    )  # fmt: skip


def thoughts(
    store: Store,
    work: Annotated[int, typer.Argument(min=0, help="The number of a work: all its stages.")] = 0,
    as_json: AsJson = False,
) -> None:
    """List every work with the graph (discoveries, answers, ideas, judgements), or the stages of one."""
    with closing(open_store(store)) as home:
        graph = home.graph()
    if work and work not in graph.thoughts:
        known = ", ".join(map(str, graph.thoughts)) or "there is none yet"
        raise BadInput(f"there is no work {work} in this graph: {known}")
    rows = [_stage_row(one) for one in graph.thoughts[work]] if work else [_work_row(graph, w) for w in graph.thoughts]
    if as_json:
        dump(rows)
        return
    columns = [f" {name}" if name in NUMBERS else name for name in (rows[0] if rows else ("work", "task"))]
    table(columns, ([", ".join(cell) if isinstance(cell, list) else cell for cell in row.values()] for row in rows))


def _work_row(graph: Graph, work: int) -> dict[str, object]:
    events = graph.thoughts[work]
    plan, replies = events[0], [one.reply for one in events if one.reply]
    return {
        "work": work,
        "task": plan.task,
        "about": [graph.name(key) for key in plan.subject],
        "stages": list(dict.fromkeys(one.stage for one in events[1:])),
        "events": len(events),
        "replies": len(replies),
        "tokens": sum(one.usage.tokens for one in replies),
        "at": plan.at,
    }


def _stage_row(one: ReasoningStep) -> dict[str, object]:
    reply = one.reply
    row: dict[str, object] = {
        "event": one.seq,
        "stage": one.stage,
        "about": list(one.subject),
        "outcome": one.outcome,
        "mends": one.repairs or None,
        "tokens": reply.usage.tokens if reply else 0,
        "model": reply.model if reply else "",
        "why": one.reason,
    }
    return row
