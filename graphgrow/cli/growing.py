"""`grow` and `models`: the commands that speak with language models."""

import os
import shlex
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from graphgrow.api.models import open_llm
from graphgrow.cli.live import LiveView
from graphgrow.cli.output import AsJson, dump, err, event_row, judged_row, say, table
from graphgrow.cli.paying import (
    DEFAULT_STEPS,
    Address,
    Temperature,
    Tokens,
    Usd,
    Width,
    announce,
    limits,
    sigint,
    wait,
)
from graphgrow.cli.resolving import Embeddings, Predicates, Without
from graphgrow.graph.model import Budget, Usage
from graphgrow.growth.intents import MOST as MOST_INTENTS
from graphgrow.growth.loop import Ending, Growth, Settings
from graphgrow.growth.samples import MOST as MOST_SAMPLES
from graphgrow.growth.topic import check, check_topic
from graphgrow.llm import LLM
from graphgrow.policy import DEFAULT, open_policy
from graphgrow.policy.monitor import monitor
from graphgrow.prompts.variants import load_variants
from graphgrow.resolve.options import how as resolving
from graphgrow.resolve.options import known
from graphgrow.stores import DEFAULT_URL, open_store
from graphgrow.stores.outbox import state_folder
from graphgrow.stores.retrying import Patient

TYPICAL_REPLY_TOKENS = 180

EXIT_CODES: dict[Ending, int] = {"steps": 0, "interrupted": 130}
ENDINGS: dict[Ending, str] = {
    "steps": "all steps done",
    "tokens": "the token budget is spent",
    "usd": "the next question could cost more than the money budget allows: raise it with --usd",
    "minutes": "the time is up",
    "exhausted": "no question is left that was not asked",
    "failing": "five replies in a row could not be used or were cut off: see  graphgrow log , or try another model",
    "interrupted": "interrupted; everything that was paid for is saved",
}


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(grow)
    app.command()(models)


def grow(
    topic: Annotated[str | None, typer.Argument(help="What the graph is about; left out, the graph goes on.")] = None,
    store: Annotated[str, typer.Option(help="Where the graph is kept.")] = DEFAULT_URL,
    llm: Annotated[str, typer.Option(help="A model's name, local, a .gguf file, recorded:RUN, world:GRAPH.")] = "",
    base_url: Address = "",
    steps: Annotated[int | None, typer.Option(min=1, help=f"Steps to do (default {DEFAULT_STEPS}).")] = None,
    tokens: Tokens = None,
    usd: Usd = None,
    minutes: Annotated[float | None, typer.Option(min=0, help="Stop after so many minutes.")] = None,
    width: Width = 1,
    policy: Annotated[
        str, typer.Option(help="bandit, lookahead, mix, one strategy, or shares such as frontier=3,gap=1.")
    ] = DEFAULT,
    prompt_variants: Annotated[
        Path | None, typer.Option(help="A folder of further wordings, KIND.NAME.txt, that compete on what they bring.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**31, help="Seed of every choice.")] = 0,
    temperature: Temperature = 0.8,
    without_rule: Without = None,
    predicates: Predicates = None,
    strict_predicates: Annotated[
        bool, typer.Option("--strict-predicates", help="Hold the model to the vocabulary by the reply's schema.")
    ] = False,
    embeddings: Embeddings = "",
    arbiter: Annotated[
        Literal["off", "llm"], typer.Option(help="llm: ask the model about names that may be one concept.")
    ] = "off",
    samples: Annotated[
        int, typer.Option(min=1, max=MOST_SAMPLES, help="Ask each question so often, then verify what differs.")
    ] = 1,
    intents: Annotated[
        int, typer.Option(min=0, max=MOST_INTENTS, help="Let the model name so many questions about a concept first.")
    ] = 0,
    until: Annotated[
        Literal["saturated"] | None,
        typer.Option(help="End where nothing new comes or the model drifts; no number of steps is needed then."),
    ] = None,
    patience: Annotated[float, typer.Option(min=0, help="Minutes to wait for a store that went away.")] = 10,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show first prompts and the estimate; ask nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Grow a graph about TOPIC; running it again on the same store continues it."""
    check(topic)
    variants = load_variants(prompt_variants) if prompt_variants else {}
    chosen = open_policy(policy, {kind: tuple(names) for kind, names in variants.items()})
    with closing(open_store(store, create=True)) as opened:
        check_topic(topic, opened)
        if not dry_run:
            opened.append()  # a store that this user cannot write says so before a model is loaded or paid
        with closing(open_llm(llm or None, base_url or None, env=os.environ, temperature=temperature)) as model:
            budget = limits(model, Budget(steps, tokens, usd, minutes, until))
            with sigint() as stop:
                resolver = resolving(without_rule, predicates, embeddings, opened, base_url)
                names = known(predicates).names if strict_predicates else ()
                how = Settings(
                    policy=chosen,
                    budget=budget,
                    width=width,
                    seed=seed,
                    resolver=resolver,
                    predicates=names,
                    variants=variants,
                    arbiter=arbiter == "llm",
                    samples=samples,
                    intents=intents,
                    stop=lambda: bool(stop),
                )
                home = Patient(opened, patience, partial(wait, state_folder(opened.url), stop))
                growth = Growth(topic, home, model, how)
                announce(model, budget)
                if not embeddings:
                    err().print("names are compared by spelling alone; --embeddings local compares meanings too")
                if dry_run:
                    _preview(growth, model, how, as_json=as_json)
                    return
                _run(growth, budget, as_json=as_json)
    _finish(growth, opened.url, as_json=as_json)


def arbitrate(store: str, llm: str, base_url: str, budget: Budget, *, as_json: bool) -> None:
    """Let a model decide the doubts of a store, each as an event with its bill."""
    with (
        closing(open_store(store)) as home,
        closing(open_llm(llm or None, base_url or None, env=os.environ, temperature=0.0)) as model,
        sigint() as stop,
    ):
        limited = limits(model, budget)
        how = Settings(open_policy("mix"), replace(limited, steps=None), arbiter=True, stop=lambda: bool(stop))
        growth = Growth(None, home, model, how)
        announce(model, limited)
        with LiveView(growth, limited) as view:
            for event in growth.arbitrate():
                if as_json:
                    dump(event_row(event))
                view.show(event)
        left = len(list(growth.graph.doubts()))
    if not as_json:
        say(f"{left} pairs wait for a decision: see  graphgrow review {store}")


def _run(growth: Growth, budget: Budget, *, as_json: bool) -> None:
    with LiveView(growth, budget) as view:
        before = monitor(growth.graph).assessment
        for event in growth:
            now = monitor(growth.graph).assessment
            turned = now if now.do != before.do else None
            if as_json:
                dump(judged_row(event, turned))
            view.show(event)
            if turned:
                view.note(turned.summary)
            before = now


def _preview(growth: Growth, model: LLM, how: Settings, *, as_json: bool) -> None:
    """Show the first prompts, and what the run would take if its replies are of typical length."""
    prompts = [question.prompt for question in growth.questions(growth.choose())]
    size = sum(len(p.system + p.user) for p in prompts) // 4 // max(1, len(prompts))
    steps = how.budget.steps or DEFAULT_STEPS
    replies = _replies(steps, how)
    usage = Usage(replies * size, replies * TYPICAL_REPLY_TOKENS)
    estimate = {"steps": steps, "replies": replies, "tokens": usage.tokens, "usd": model.price(usage)}
    if as_json:
        dump({"prompts": [{"system": p.system, "user": p.user} for p in prompts], "estimate": estimate})
        return
    for prompt in prompts:
        say(f"{prompt.system}\n\n{prompt.user}\n")
    money = f" and {estimate['usd']:.4f} USD" if estimate["usd"] is not None else ""
    times = f" with {replies} replies" if replies > steps else ""
    say(f"{steps} steps{times} would take about {usage.tokens:,} tokens{money}. Nothing was asked.")


def _replies(steps: int, how: Settings) -> int:
    """Return how many replies so many steps take: samples and a verification each, a list of intents for several."""
    asked = steps * (how.samples + (how.samples > 1))
    return asked + (-(-steps // how.intents) if how.intents else 0)


def _finish(growth: Growth, store: str, *, as_json: bool) -> None:
    graph, ending = growth.graph, growth.ending
    if not as_json and graph.concepts:
        _summary(growth, store)
    if ending != "steps":
        why = ENDINGS.get(ending) or monitor(graph).assessment.summary
        if ending == "exhausted" and graph.steering.forbids:
            why += f" and is not forbidden: see  graphgrow steering {shlex.quote(store.removeprefix('sqlite:'))}"
        err().print(f"stopped: {why}", markup=False, soft_wrap=True)
    raise typer.Exit(EXIT_CODES.get(ending, 3))


def _summary(growth: Growth, store: str) -> None:
    graph = growth.graph
    hubs = sorted(graph.concepts, key=lambda key: (-graph.degree(key), key))[:5]
    rows: list[tuple[str, object]] = [
        ("topic", graph.topic),
        ("steps", f"{graph.steps} ({growth.steps} in this run)"),
        ("concepts", len(graph.concepts)),
        ("relations", len(graph.relations)),
        ("components", f"{len(graph.components.sizes)}, the largest holds {graph.components.largest} concepts"),
        ("most connected", ", ".join(f"{graph.name(key)} ({graph.degree(key)})" for key in hubs)),
        ("rejected by hygiene", sum(graph.rejected.values())),
        ("tokens", f"{graph.bill.tokens:,}"),
        *([("saved from an earlier run", f"{growth.adopted} replies")] if growth.adopted else []),
        *([("money", f"{graph.bill.usd:.4f} USD")] if graph.bill.usd else []),
    ]
    table(("", ""), rows)
    if store.startswith("memory:"):
        return
    path = shlex.quote(store.removeprefix("sqlite:"))
    say(f"\nThe graph is in {path}. Next:")
    for command, purpose in (
        (f"graphgrow show {path}", "what it holds"),
        (f"graphgrow measure {path}", "how it is built"),
        (f"graphgrow export {path} graph.graphml", "take it to Gephi, networkx or igraph"),
        (f"graphgrow grow --store {path}", "grow on"),
    ):
        say(f"  {command:<42} {purpose}")


def models(as_json: AsJson = False) -> None:
    """Say which models are at hand on this machine, and what to type for each."""
    from dataclasses import asdict

    from graphgrow.llm.catalogue import available

    offers = available(os.environ)
    if as_json:
        dump([asdict(offer) for offer in offers])
        return
    for offer in offers:
        size = f", {offer.size_bytes / 1e9:.1f} GB" if offer.size_bytes else ""
        licence = f", {offer.licence}" if offer.licence else ""
        ready = "ready  " if offer.ready else "missing"
        say(f"{ready}  {offer.name} ({offer.where}{size}{licence})\n         {offer.command}")
