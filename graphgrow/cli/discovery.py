"""`path`, `discover`, `thoughts`: how concepts hang together, with evidence; reasoning along a path; all works."""

import json
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from typer import Argument, Exit, Option

from graphgrow.cli.arguments import (
    INTERRUPTED,
    Address,
    AsJson,
    Confidence,
    Effort,
    KeyEnv,
    LLMOptions,
    Model,
    Patience,
    ReplyTokens,
    Seed,
    Store,
    Timeout,
    Tokens,
    Unprotected,
    Usd,
    Width,
    note_left_out,
    session,
)
from graphgrow.cli.output import counted, dump, note, per_cent, say, table
from graphgrow.errors import BadInput, BudgetSpent
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import clean
from graphgrow.graph.model import Budget, ReasoningStep
from graphgrow.graph.qualified import qualifiers_in_words
from graphgrow.llm import ModelOptions
from graphgrow.stores import open_store

if TYPE_CHECKING:
    from graphgrow.reason.tasks import Reasoner

ENDINGS = ".md", ".json"
PAIR = 2
PROFILED = 5  # longest paths whose every concept is measured
Stage = Literal["A", "B", "C", "D"]

Via = Annotated[list[str] | None, Option("--via", metavar="CONCEPT", help="A concept to lead through; repeat.")]
Waypoints = Annotated[int, Option(min=0, max=32, help="Lead through this many more concepts, drawn at random.")]
ByMeaning = Annotated[
    bool, Option("--meanings", help="Go by what names mean: steps and waypoints, by a small local model.")
]
Beside = Annotated[int, Option(min=0, max=64, help="Add this many concepts within two relations of the path.")]


def path(
    store: Store,
    one: Annotated[str, Argument(metavar="A", help="Where the path begins.")] = "",
    other: Annotated[str, Argument(metavar="B", help="Where it ends.")] = "",
    k: Annotated[int, Option("--k", min=1, max=1000, help="This many paths, the shortest first.")] = 1,
    longest: Annotated[
        int, Option(min=0, max=1000, metavar="N", help="Show the N pairs of concepts that are farthest apart instead.")
    ] = 0,
    via: Via = None,
    avoid: Annotated[
        list[str] | None, Option("--avoid", metavar="CONCEPT", help="A concept that no path leads over; repeat.")
    ] = None,
    waypoints: Waypoints = 0,
    meanings: ByMeaning = False,
    beside: Beside = 0,
    confidence: Confidence = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Show how two concepts hang together, whichever way relations point, with the evidence of every step.

    Shortest first; ties in alphabetical order.
    """
    from graphgrow.reason.discovery import local_meanings
    from graphgrow.reason.paths import concepts_beside as near
    from graphgrow.reason.paths import hops, k_shortest, path_json
    from graphgrow.reason.route import DiscoveryRequest, choose_path
    from graphgrow.reason.trust import trusted_graph

    is_led = via or waypoints or meanings
    if longest and (one or other or k > 1 or is_led or avoid or beside):
        raise BadInput("--longest looks at the whole graph: leave out the concepts and the other options")
    if not longest and not (one and other):
        raise BadInput("a path has two ends: name two concepts, or ask for --longest N")
    if k > 1 and is_led:
        raise BadInput("--k counts the shortest paths: it does not go with --via, --waypoints or --meanings")
    with closing(open_store(store)) as home:
        trusted = trusted_graph(home.graph(), confidence)
        graph = trusted.graph
        if longest:
            note_left_out(trusted)
            _print_longest(graph, longest, as_json=as_json)
            return
        with trusted.explaining():
            ends, stops = (trusted.find(one), trusted.find(other)), tuple(map(trusted.find, via or ()))
            past = set(map(trusted.find, avoid or ()))
            if both := past.intersection((*ends, *stops)):
                named = repr(clean(graph.name(min(both))))
                raise BadInput(f"{named} has to be on the path, and is given with --avoid too: leave it out of one")
            if past:
                kept = [relation for relation in graph.relations if past.isdisjoint(relation.ends)]
                graph = graph.subgraph(kept, (*ends, *stops))
            first, how = choose_path(
                graph, DiscoveryRequest(*ends, 1, stops, waypoints, meanings, beside, seed), local_meanings(home)
            )
    note_left_out(trusted)
    paths = [first] if k == 1 else k_shortest(graph, *ends, k)
    documents: list[dict[str, Any]] = [path_json(graph, keys) for keys in paths]
    names = [graph.name(key) for key in near(graph, first, beside)]
    if as_json:
        dump({"undirected": True, "how": how, "paths": documents, "beside": names})
        return
    for number, (keys, document) in enumerate(zip(paths, documents, strict=True), 1):
        title = f"{number}. " if k > 1 else f"{how}: "
        along = " - ".join(clean(graph.name(key)) for key in keys)
        say(f"{title}{counted(len(keys) - 1, 'step')}: {along}")
        rows: list[tuple[object, ...]] = []
        for step, hop in enumerate(document["hops"], 1):
            for relation in hop["relations"]:
                events = ", ".join(dict.fromkeys(str(evidence["event"]) for evidence in relation["said"]))
                words = "; ".join(dict.fromkeys(" - ".join(evidence["words"]) for evidence in relation["said"]))
                cells = [relation[name] for name in ("source", "predicate", "target", "support")]
                rows.append((step, *cells, per_cent(relation["confidence"]), events, words))
        columns = (" hop", "source", "predicate", "target", " support", " confidence", "steps", "in these words")
        table(columns, rows)
        for step, hop in enumerate(hops(graph, keys), 1):
            for known in hop.relations:
                for statement in graph.relations[known]:
                    if more := qualifiers_in_words(statement.qualifiers):
                        say(f"hop {step}, step {statement.seq}, {clean(known.predicate)}: {more}")
    if beside:
        say(f"beside it: {', '.join(names)}")


def _print_longest(graph: Graph, count: int, *, as_json: bool) -> None:
    """Print the longest shortest paths, what their concepts are like, and what goes together along the longest 30."""
    from graphgrow.reason.paths import CENTRALITIES, CORRELATED, centralities, longest, path_correlations, path_json

    paths = longest(graph, count)
    values = centralities(graph)
    together = path_correlations(graph)
    if as_json:
        rows = [path_json(graph, keys) | {"central": [values[key] for key in keys]} for keys in paths]
        dump({"undirected": True, "paths": rows, "correlated": together})
        return
    table((" rank", " steps", "along"),
          [(n, len(keys) - 1, " - ".join(map(graph.name, keys))) for n, keys in enumerate(paths, 1)])  # fmt: skip
    for rank, keys in enumerate(paths[:PROFILED], 1):
        say("")
        table(("concept", *(f" {name}" for name in CENTRALITIES)),
              [(graph.name(key), *values[key].values()) for key in keys], f"path {rank}")  # fmt: skip
    r = cast("dict[str, dict[str, float | None]]", together["correlations"])
    if r:
        say("")
        table(("", *(f" {name}" for name in r)), [(name, *row.values()) for name, row in r.items()],
              f"Pearson's r between means along the {together['paths']} longest of at most {CORRELATED}")  # fmt: skip


def discover(
    store: Store,
    source: Annotated[str, Option("--from", metavar="CONCEPT", help="Where the path begins.")] = "",
    target: Annotated[str, Option("--to", metavar="CONCEPT", help="Where it ends.")] = "",
    longest_rank: Annotated[
        int, Option(min=1, max=1000, help="Which of such paths, the longest first, without --from and --to.")
    ] = 1,
    via: Via = None,
    waypoints: Waypoints = 0,
    meanings: ByMeaning = False,
    beside: Beside = 0,
    confidence: Confidence = None,
    work: Annotated[int, Option(min=0, help="The discovery that began with this step: continue it, or print it.")] = 0,
    from_stage: Annotated[
        Stage | None, Option(help="With --work: take its earlier stages over, and ask anew from this one on.")
    ] = None,
    proposal: Annotated[
        bool, Option("--proposal", help="End in a proposal of seven parts, from hypothesis to novelty.")
    ] = False,
    again: Annotated[bool, Option("--again", help="Begin anew where the same was finished before.")] = False,
    listed: Annotated[bool, Option("--list", help="List the discoveries of the graph and ask nothing.")] = False,
    llm: Model = "",
    base_url: Address = "",
    key_env: KeyEnv = "",
    reasoning_effort: Effort = "",
    reply_tokens: ReplyTokens = None,
    llm_options: LLMOptions = "",
    unprotected: Unprotected = False,
    tokens: Tokens = None,
    usd: Usd = None,
    width: Width = 1,
    seed: Seed = 0,
    patience: Patience = 10,
    timeout: Timeout = None,
    out: Annotated[Path | None, Option(help="Write the document to a file, .md or .json.")] = None,
    as_json: AsJson = False,
) -> None:
    """Reason along a path of the graph in four stages, to one discovery that cites what it rests on.

    Without --from and --to it leads, along what is trusted, between two neighbours of the topic far apart without it;
    where all is read, or there are none, it is the longest shortest path. The same command continues where it ended.
    """
    from graphgrow.reason.discovery import begin, discoveries, load, local_meanings, resolve_request
    from graphgrow.reason.route import DiscoveryRequest
    from graphgrow.reason.tasks import Reasoner
    from graphgrow.reason.trust import trusted_graph

    if out and out.suffix.lower() not in ENDINGS:
        raise BadInput(f"{out} ends neither in .md nor in .json: name one of the two")
    if from_stage and not work:
        raise BadInput("--from-stage goes with --work: name the discovery to continue from, see --list")
    wanted = DiscoveryRequest(
        source, target, longest_rank, tuple(via or ()), waypoints, meanings, beside, seed, proposal=proposal
    )
    is_another = confidence is not None or wanted != DiscoveryRequest(seed=seed, proposal=proposal and bool(from_stage))
    if work and is_another:
        raise BadInput("--work names a discovery with its path: leave out the options that choose another")
    with closing(open_store(store)) as home:
        if listed:
            known_ones = discoveries(home.graph())
            if as_json:
                dump([one.to_dict() for one in known_ones])
                return
            rows = [
                (one.work, one.route.name(one.route.path[0]), one.route.name(one.route.path[-1]),
                 len(one.route.path), len(one.statements), "yes" if one.is_finished else "no", one.bill.tokens,
                 one.title)
                for one in known_ones
            ]  # fmt: skip
            table((" work", "from", "to", " concepts", " statements", "finished", " tokens", "title"), rows)
            return
        known = load(home.graph(), work) if work and not from_stage else None
        if known and known.is_finished:
            done, ending = known, 0
        else:
            # What cannot be done is said before a model is loaded or paid.
            if from_stage:
                load(home.graph(), work)
                wanted = DiscoveryRequest(seed=seed, takes=work, stage=from_stage, proposal=proposal)
            elif not known:
                trusted = trusted_graph(home.graph(), confidence)
                resolve_request(trusted, wanted)
                note_left_out(trusted)
            home.append()  # as is a store that this user cannot write
            wanted = known.route.request if known else wanted
            added = ModelOptions(reasoning_effort, reply_tokens, key_env, llm_options, timeout)
            with (
                session(home, llm, base_url, Budget(tokens=tokens, usd=usd), patience=patience, options=added) as asked,
                Reasoner(
                    asked.store, asked.model,
                    seed=wanted.seed, width=width, budget=asked.budget, stop=asked.is_stopped, confidence=confidence,
                    unprotected=unprotected,
                ) as reasoner,
            ):  # fmt: skip
                if known:
                    plan = reasoner.graph.thoughts[work][0]
                else:
                    plan = begin(reasoner, wanted, local_meanings(asked.store), again=again)
                ending = _ask_stages(reasoner, plan)
                done = load(reasoner.graph, plan.seq)
    if out:
        is_json = out.suffix.lower() == ".json"
        text = json.dumps(done.to_dict(), ensure_ascii=False, indent=1) + "\n" if is_json else done.markdown()
        out.write_text(text, encoding="utf-8")
    if as_json:
        dump(done.to_dict())
    elif out:
        say(f"discovery {done.work}, {counted(len(done.statements), 'statement')}, in {out}")
    else:
        say(done.markdown())
    raise Exit(ending)


def _ask_stages(reasoner: "Reasoner", plan: ReasoningStep) -> int:
    """Ask what is left of a discovery, say what comes of each question, and return the exit code."""
    from graphgrow.reason.discovery import load, run_stages

    begun = load(reasoner.graph, plan.seq)
    replies = f"; {begun.bill.replies} replies are there already" if begun.bill.replies else ""
    note(f"discovery {plan.seq}: {len(begun.route.path)} concepts, {clean(begun.route.how)}{replies}")
    before = reasoner.graph.seq
    try:
        for step in run_stages(reasoner, plan):
            if step.seq > before:
                names = [clean(reasoner.graph.name(key)) for key in step.subject]
                about = " and ".join(names if len(names) <= PAIR else [names[0], names[-1]])
                note(f"{f'{step.stage} {about}'.strip()}: {step.outcome} {step.reason}".rstrip())
    except BudgetSpent as error:
        note(f"stopped: {error}")
        return 3
    except KeyboardInterrupt:
        note("interrupted; the same command continues it, and nothing is paid for twice")
        return INTERRUPTED
    return 0


def thoughts(
    store: Store,
    work: Annotated[int, Argument(min=0, help="The number of a work: all its stages.")] = 0,
    as_json: AsJson = False,
) -> None:
    """List every work with the graph (discoveries, answers, ideas, judgements), or the stages of one."""
    with closing(open_store(store)) as home:
        graph = home.graph()
    if work and work not in graph.thoughts:
        known = ", ".join(map(str, graph.thoughts)) or "there is none yet"
        raise BadInput(f"there is no work {work} in this graph: {known}")
    if work:
        rows: list[dict[str, Any]] = [
            {
                "event": one.seq,
                "stage": one.stage,
                "about": list(one.subject),
                "outcome": one.outcome,
                "mends": one.repairs or None,
                "tokens": one.reply.usage.tokens if one.reply else 0,
                "model": one.reply.model if one.reply else "",
                "why": one.reason,
            }
            for one in graph.thoughts[work]
        ]
    else:
        rows = [
            {
                "work": number,
                "task": plan.task,
                "about": [graph.name(key) for key in plan.subject],
                "stages": list(dict.fromkeys(one.stage for one in stages)),
                "events": 1 + len(stages),
                "replies": sum(one.reply is not None for one in (plan, *stages)),
                "tokens": sum(one.reply.usage.tokens for one in (plan, *stages) if one.reply),
                "at": plan.at,
            }
            for number, (plan, *stages) in graph.thoughts.items()
        ]
    if as_json:
        dump(rows)
        return
    numbers = {"work", "event", "events", "replies", "tokens", "mends"}
    columns = [f" {name}" if name in numbers else name for name in (rows[0] if rows else ("work", "task"))]
    table(columns, [[", ".join(value) if isinstance(value, list) else value for value in row.values()] for row in rows])
