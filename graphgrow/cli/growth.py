"""`grow`, `policy` and `models`: a graph is grown, what each strategy has earned, which models there are to ask."""

import math
import os
import shlex
from collections.abc import Sequence
from contextlib import closing, nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from typer import Argument, Exit, Option

from graphgrow.api.options import GrowthOptions
from graphgrow.cli.arguments import (
    INTERRUPTED,
    Address,
    AsJson,
    Effort,
    Embeddings,
    KeyEnv,
    LLMOptions,
    Patience,
    Predicates,
    ReplyTokens,
    Store,
    Temperature,
    Timeout,
    Tokens,
    Unprotected,
    Usd,
    Width,
    Without,
    session,
)
from graphgrow.cli.live import LiveView
from graphgrow.cli.log import event_row
from graphgrow.cli.output import ROLES, bill_rows, by_rule, counted, dump, note, place, say, table
from graphgrow.graph.confidence import trusted
from graphgrow.graph.keys import clean
from graphgrow.graph.model import DEFAULT_STEPS, Budget, Prompt, Role, Usage
from graphgrow.graph.values import THINKS
from graphgrow.growth import fact_check as checking
from graphgrow.growth.fact_check import MOST_SHARE, SHARE
from graphgrow.growth.intents import MOST as MOST_INTENTS
from graphgrow.growth.loop import Growth
from graphgrow.growth.settings import MOST_SAMPLES, Ending, Prompts, Settings
from graphgrow.growth.topic import check, check_topic
from graphgrow.llm import LLM, checks_facts, usual_thinking
from graphgrow.policy import DEFAULT
from graphgrow.policy.bandit import strategy_table, wording_table
from graphgrow.policy.gains import WINDOW
from graphgrow.policy.monitor import monitor
from graphgrow.prompts.forms import MOST_ASKED_FOR, ONE_TOKEN, STATED_TOKENS, VERDICT_TOKENS
from graphgrow.prompts.render import FEWEST_CONTEXT, MOST_CONTEXT
from graphgrow.stores import DEFAULT_URL, open_store, store_url

TYPICAL_TOKENS, TYPICAL_QUALIFIED_TOKENS = 30, 85  # of a relation in a reply
DOUBTFUL, COMPARISON_TOKENS = 0.05, 200  # names per relation that may equal another; tokens to ask about two

EXIT_CODES: dict[Ending, int] = {"steps": 0, "interrupted": INTERRUPTED}  # any other ending is 3
ENDINGS: dict[Ending, str] = {
    "tokens": "the token budget is spent",
    "usd": "the next question could cost more than the money budget allows: raise it with --usd",
    "minutes": "the time is up",
    "exhausted": "no question is left that was not asked",
    "failing": "one reply after the other could not be used or was cut off: see  graphgrow log , or try another model",
    "refused": "five questions in a row were refused: word the topic in another way, or try another model",
    "interrupted": "interrupted; everything that was paid for is saved",
}


def grow(
    topic: Annotated[str | None, Argument(help="What the graph is about; leave it out to continue a graph.")] = None,
    store: Annotated[str, Option(help="Where the graph is kept.")] = DEFAULT_URL,
    llm: Annotated[str, Option(help="A model's name, local, a .gguf file, recorded:RUN, world:GRAPH.")] = "",
    base_url: Address = "",
    key_env: KeyEnv = "",
    reasoning_effort: Effort = "",
    reply_tokens: ReplyTokens = None,
    llm_options: LLMOptions = "",
    check_with: Annotated[str, Option(help="Another model for fact checks: NAME or URL#NAME.")] = "",
    arbitrate_with: Annotated[str, Option(help="Another model for --arbiter, which it implies.")] = "",
    steps: Annotated[int | None, Option(min=1, help=f"Steps to do (default {DEFAULT_STEPS}).")] = None,
    tokens: Tokens = None,
    usd: Usd = None,
    minutes: Annotated[float | None, Option(min=0, help="Stop after this many minutes.")] = None,
    width: Width = 1,
    policy: Annotated[
        str, Option(help="knowledge, bandit, lookahead, mix, one strategy, or shares such as frontier=3,gap=1.")
    ] = DEFAULT,
    prompts: Annotated[
        Prompts, Option(help="Prompts for a small or a strong model; auto decides by the model's name.")
    ] = "auto",
    relations: Annotated[
        int | None,
        Option(
            min=1,
            max=MOST_ASKED_FOR,
            help="Relations, or names, that one question asks for (default 6; strong models 30, those that think 12).",
        ),
    ] = None,
    context: Annotated[
        int | None,
        Option(min=FEWEST_CONTEXT, max=MOST_CONTEXT, help="Graph context that is sent with each question, in tokens."),
    ] = None,
    prompt_variants: Annotated[
        Path | None, Option(help="A folder of further wordings, KIND.NAME.txt, that compete on what they bring.")
    ] = None,
    seed: Annotated[int, Option(min=0, max=2**31, help="Seed of every choice.")] = 0,
    temperature: Temperature = 0.8,
    without_rule: Without = None,
    predicates: Predicates = None,
    strict_predicates: Annotated[
        bool, Option("--strict-predicates", help="Hold the model to the vocabulary by the reply's schema.")
    ] = False,
    embeddings: Embeddings = "",
    arbiter: Annotated[Literal["off", "llm"], Option(help="llm: ask the model about possible duplicates.")] = "off",
    samples: Annotated[
        int, Option(min=1, max=MOST_SAMPLES, help="Ask each question this many times, then verify what differs.")
    ] = 1,
    intents: Annotated[
        int, Option(min=0, max=MOST_INTENTS, help="Let the model name this many questions about a concept first.")
    ] = 0,
    fact_check: Annotated[
        float,
        Option(min=0, max=MOST_SHARE, help="Share of the tokens for asking if what was said is true; 0 for none."),
    ] = SHARE,
    until: Annotated[
        Literal["saturated"] | None,
        Option(help="End where nothing new comes or the model drifts; no number of steps is needed then."),
    ] = None,
    patience: Patience = 10,
    batch: Annotated[
        bool, Option("--batch", help="Use the batch API for each round: within a day, usually at half the price.")
    ] = False,
    timeout: Timeout = None,
    unprotected: Unprotected = False,
    dry_run: Annotated[bool, Option("--dry-run", help="Show first prompts and the estimate; ask nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Grow a graph about TOPIC; running it again on the same store continues it."""
    check(topic)
    options = GrowthOptions(
        policy=policy, steps=steps, tokens=tokens, usd=usd, minutes=minutes, until=until, width=width, seed=seed,
        samples=samples, intents=intents, fact_check=fact_check, arbiter=arbiter == "llm",
        prompts=prompts, relations=relations, context=context,
        prompt_variants=prompt_variants, without_rule=without_rule or (), predicates=predicates,
        strict_predicates=strict_predicates, embeddings=embeddings, base_url=base_url, batch=batch,
        unprotected=unprotected,
        check_with=check_with, arbitrate_with=arbitrate_with, reasoning_effort=reasoning_effort,
        reply_tokens=reply_tokens, key_env=key_env, llm_options=llm_options, timeout=timeout,
    )  # fmt: skip
    options.policy_of_run()  # what cannot be done is said before a store is made
    with closing(open_store(store, create=True)) as opened:
        check_topic(topic, opened)
        if not dry_run:
            opened.append()  # a store that this user cannot write says so before a model is loaded or paid
        limits = Budget(steps, tokens, usd, minutes, until)
        roles: dict[Role, str] = {role: str(model) for role, model in options.roles.items()}
        meanings = options.meanings(opened, patience, lambda text: note(clean(text)))
        with (
            closing(meanings) if meanings is not None else nullcontext(),
            session(
                opened, llm, base_url, limits,
                temperature=temperature, patience=patience, options=options.model_options, roles=roles,
            ) as asked,
        ):  # fmt: skip
            settings = options.settings(opened, meanings)
            settings = replace(settings, budget=asked.budget, stop=asked.is_stopped, models=asked.models)
            growth = Growth(topic, asked.store, asked.model, settings)
            if not embeddings:
                note("names are compared by spelling alone; --embeddings local compares meanings too")
            if dry_run:
                _preview(growth, asked.model, settings, as_json=as_json)
                return
            with LiveView(growth, asked.budget) as view:
                before = monitor(growth.graph).assessment
                for event in growth:
                    now = monitor(growth.graph).assessment
                    news = now if now.do != before.do else None
                    if as_json:
                        dump(event_row(event, news))
                    view.show(event)
                    if news:
                        view.note(news.summary)
                    before = now
    graph, ending = growth.graph, growth.ending
    if growth.outbox.problem:
        note(f"unprotected: {growth.outbox.problem}")
    if growth.check_method == "stated":
        note(
            "the endpoint gives no log-probabilities: the model stated how likely each relation is, which is less exact"
        )
    if not as_json and graph.concepts:
        _summary(growth, opened.url)
    if ending != "steps":
        why = ENDINGS.get(ending) or monitor(graph).assessment.summary
        if ending in {"failing", "refused"} and growth.last_reason:
            why = f"{why} (the last one: {growth.last_reason})"
        if ending == "exhausted" and graph.steering.forbids:
            why += f" and is not forbidden: see  graphgrow steering {shlex.quote(place(opened.url))}"
        note(f"stopped: {why}")
    raise Exit(EXIT_CODES.get(ending, 3))


def _preview(growth: Growth, model: LLM, settings: Settings, *, as_json: bool) -> None:
    """Show the first prompts, and what the run would take if its replies are of typical length."""
    prompts = [question.prompt for question in growth.questions(growth.choose())]
    steps, bills = settings.budget.steps or DEFAULT_STEPS, _estimate(growth, settings, prompts)
    rows: dict[Role, dict[str, Any]] = {}
    for role, (replies, usage) in bills.items():
        one = growth.engine.model(role)
        in_batch = getattr(one, "batch_api", None) if settings.batch else None
        usd = in_batch().price(usage) if in_batch else one.price(usage)
        rows[role] = {"model": one.name, "replies": replies, "tokens": usage.tokens, "usd": usd}
    total, priced = sum(usage.tokens for _, usage in bills.values()), [row["usd"] for row in rows.values()]
    money = None if all(usd is None for usd in priced) else sum(filter(None, priced))
    if as_json:
        estimate = {"steps": steps, "replies": bills["grow"][0], "tokens": total, "usd": money, "roles": rows}
        dump({"prompts": [{"system": p.system, "user": p.user} for p in prompts], "estimate": estimate})
        return
    for prompt in prompts:
        say(f"{prompt.system}\n\n{prompt.user}\n")
    cost = f" and {money:.4f} USD" if money is not None else ""
    replies, thinking = bills["grow"][0], usual_thinking(model)
    times = f" with {replies} replies" if replies > steps else ""
    if thinking:
        cost += f" (of a reply, about {thinking:,} tokens are thinking, as learnt of this endpoint)"
    say(f"{counted(steps, 'step')}{times} would take about {total:,} tokens{cost}. Nothing was asked.")
    if len(rows) > 1:
        for role, row in rows.items():
            price = "no known price" if row["usd"] is None else f"{row['usd']:.4f} USD"
            say(f"  {ROLES[role]}: {counted(row['replies'], 'question')}, {row['tokens']:,}"
                f" tokens, {price} ({clean(row['model'])})")  # fmt: skip


def _estimate(growth: Growth, settings: Settings, prompts: Sequence[Prompt]) -> dict[Role, tuple[int, Usage]]:
    """Return how many replies of usual length a run would take of each model with a role, and their bill.

    Fact checks take their share of the tokens as long as there is something to ask about; how many names may be one
    concept nobody knows, so that it is what a long run brought.
    """
    style, steps = growth.style(), settings.budget.steps or DEFAULT_STEPS
    replies = steps * (settings.samples + (settings.samples > 1))  # several samples of a question are verified by one
    if settings.intents:
        replies += -(-steps // settings.intents)  # rounded up: a list of intents is one reply
    size = sum(len(p.system + p.user) for p in prompts) // 4 // max(1, len(prompts))
    each = (TYPICAL_QUALIFIED_TOKENS if style.is_strong else TYPICAL_TOKENS) * style.relations
    written = each + usual_thinking(growth.engine.model("grow"))
    if limit := growth.reply_tokens("grow"):  # which includes the thinking
        written = min(written, limit)
    bills: dict[Role, tuple[int, Usage]] = {"grow": (replies, Usage(replies * size, replies * written))}
    relations, checker = steps * style.relations, growth.engine.model("check")
    if settings.fact_check and checks_facts(checker):
        thinking = usual_thinking(checker)
        together = checking.TOGETHER if thinking > THINKS else 1
        asked, told = checking.USUAL * together, (STATED_TOKENS if thinking else ONE_TOKEN) * together + thinking
        if limit := growth.reply_tokens("check"):
            told = min(told, limit)
        most = settings.fact_check / (1 - settings.fact_check) * bills["grow"][1].tokens
        checks = min(-(-relations // together), int(most / (asked + told)))
        bills["check"] = checks, Usage(checks * asked, checks * told)
    if settings.arbiter:
        told = VERDICT_TOKENS + usual_thinking(growth.engine.model("arbitrate"))
        doubts = math.ceil(DOUBTFUL * relations)
        bills["arbitrate"] = doubts, Usage(doubts * COMPARISON_TOKENS, doubts * told)
    return bills


def _summary(growth: Growth, url: str) -> None:
    """Print what a run came to, and what can be done next."""
    graph = growth.graph
    hubs = sorted(graph.concepts, key=lambda key: (-graph.degree(key), key))[:5]
    checks, rules = graph.checking.replies, by_rule(graph.rejected)
    rows: list[tuple[str, object]] = [
        ("topic", graph.topic),
        ("steps", f"{graph.steps} ({growth.steps} in this run)"),
        ("concepts", len(graph.concepts)),
        ("relations", len(graph.relations)),
        *([("trusted", f"{len(trusted(graph))} relations, by {checks} fact checks")] if checks else []),
        ("components", f"{len(graph.components.sizes)}, the largest holds {graph.components.largest} concepts"),
        ("most connected", ", ".join(f"{graph.name(key)} ({graph.degree(key)})" for key in hubs)),
        ("rejected by hygiene", f"{sum(graph.rejected.values())}{f': {rules}' if rules else ''}"),
        ("tokens", f"{graph.bill.tokens:,}"),
        *bill_rows(graph),
        *([("saved from an earlier run", f"{growth.adopted} replies")] if growth.adopted else []),
        *([("money", f"{graph.bill.usd:.4f} USD")] if graph.bill.usd else []),
    ]
    table(("", ""), rows)
    if store_url(url).kind == "memory":
        return
    path = shlex.quote(place(url))
    say(f"\nThe graph is in {path}. Next:")
    for command, purpose in (
        (f"graphgrow show {path}", "what it holds"),
        (f"graphgrow measure {path}", "how it is built"),
        (f"graphgrow export {path} graph.graphml", "take it to Gephi, networkx or igraph"),
        (f"graphgrow grow --store {path}", "grow on"),
    ):
        say(f"  {command:<42} {purpose}")


def policy(store: Store, as_json: AsJson = False) -> None:
    """Show what each strategy and wording has earned, and how often the bandit would choose it now."""
    with closing(open_store(store)) as home:
        graph = home.graph()
    rows = {"strategy": strategy_table(graph), "wording": wording_table(graph)}
    if as_json:
        dump({"events": graph.seq, "strategies": rows["strategy"], "wordings": rows["wording"]})
        return
    if not any(row["tokens"] for row in rows["strategy"]):
        say("No question was asked yet, so nothing is known of any strategy.")
        return
    counts = "questions", "concepts", "bridges", "waste", "tokens"
    for kind, listed in rows.items():
        if listed:
            table(
                (kind, *(f" {name}" for name in counts), " gain", " share"),
                [
                    (row["name"], *(row[name] for name in counts),
                     "-" if row["gain"] is None else f"{row['gain']:.2f}", f"{row['share']:.0%}")
                    for row in listed
                ],
            )  # fmt: skip
            say("")
    say(
        f"gain   concepts and cross-community relations kept, by relevance, less waste, per 1,000 tokens;"
        f"\n       of the last {WINDOW} questions, where newer ones weigh more"
        f"\nshare  how often the bandit would choose it after step {graph.seq}"
    )
    state = monitor(graph)
    if state.assessment.do:
        say(f"\n{state.assessment.summary}" + "".join(f"\nleft for now: {name}" for name in sorted(state.avoided)))


def models(as_json: AsJson = False) -> None:
    """Say which models are at hand on this machine, which open ones are worth getting, and what to type for each."""
    from graphgrow.llm.catalogue import available
    from graphgrow.llm.open_models import open_models

    offers = available(os.environ)
    if as_json:
        rows = [asdict(offer) for offer in offers]
        for one in open_models():
            row = {
                "where": "the hub",
                "size_bytes": int(one.file_gb * 1e9),
                "ready": False,
                "command": one.commands["here"],
            }
            rows.append(asdict(one) | row | {"commands": one.commands})
        dump(rows)
        return
    for offer in offers:
        size = f", {offer.size_bytes / 1e9:.1f} GB" if offer.size_bytes else ""
        licence = f", {offer.licence}" if offer.licence else ""
        ready = "ready  " if offer.ready else "missing"
        say(f"{ready}  {offer.name} ({offer.where}{size}{licence})\n         {offer.command}")
    say("\nOpen models worth getting, of which the embedded one is none: that is there to see the loop work.")
    say("To run one here:  pip install '.[hub]'  in the checkout.")
    for one in open_models():
        thinks = ", thinks before it answers" if one.thinks else ""
        sizes = f"{one.file_gb:g} GB to download, about {one.memory_gb:g} GB of memory"
        say(f"\n{one.name} ({one.licence}, {sizes}{thinks})")
        for where, command in one.commands.items():
            say(f"  {where:<6}  {command}")
