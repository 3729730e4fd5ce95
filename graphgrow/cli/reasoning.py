"""`ask`, `ideas`, `describe`, `judge`: what a model makes of the graph, every reply an event, kept."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, BadParameter, Exit, Option

from graphgrow.cli.arguments import (
    Address,
    AsJson,
    Confidence,
    Effort,
    JudgeWith,
    KeyEnv,
    LLMOptions,
    Model,
    Patience,
    ReplyTokens,
    Seed,
    Session,
    Store,
    Temperature,
    Timeout,
    Tokens,
    Unprotected,
    Usd,
    Width,
    note_left_out,
    session,
)
from graphgrow.cli.output import dump, note, say, table
from graphgrow.errors import BadInput, BudgetSpent
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import clean
from graphgrow.graph.model import Budget, Role
from graphgrow.llm import ModelOptions
from graphgrow.resolve.options import open_meanings
from graphgrow.stores import GraphStore, open_store

if TYPE_CHECKING:
    from graphgrow.resolve.identity import Meanings

AUTO, OFF = "auto", "off"
DEFAULT_CONTEXT, DEFAULT_COUNT, DEFAULT_SAMPLES, DEFAULT_COMMUNITIES = 600, 3, 3, 8
PAIR = 2  # answers

Work = Annotated[int, Option(min=0, help="Print a work again, or continue it: the step that began it.")]
Meaning = Annotated[
    str,
    Option("--embeddings", help="What compares meanings: local, an endpoint's model, off (default: if installed)."),
]


def ask(
    store: Store,
    question: Annotated[str, Argument(help="What to ask.")] = "",
    work: Work = 0,
    context: Annotated[int, Option(help="Graph context that is sent with the question, in tokens.")] = DEFAULT_CONTEXT,
    compare: Annotated[bool, Option("--compare", help="Also ask without the graph, for as many tokens.")] = False,
    embeddings: Meaning = AUTO,
    confidence: Confidence = None,
    llm: Model = "",
    base_url: Address = "",
    key_env: KeyEnv = "",
    reasoning_effort: Effort = "",
    reply_tokens: ReplyTokens = None,
    llm_options: LLMOptions = "",
    unprotected: Unprotected = False,
    tokens: Tokens = None,
    usd: Usd = None,
    seed: Seed = 0,
    patience: Patience = 10,
    timeout: Timeout = None,
    temperature: Temperature = 0.3,
    as_json: AsJson = False,
) -> None:
    """Answer QUESTION from the graph, with what each sentence is based on; say where the graph does not know."""
    from graphgrow.reason import answers, tasks
    from graphgrow.reason.trust import trusted_graph

    _check_one_of(question, work, "a question")
    with closing(open_store(store)) as opened:
        graph = opened.graph()
        done = answers.load(graph, work) if work else None
        if done is None:
            if not work:  # what was begun goes on with what it has read
                note_left_out(trusted_graph(graph, confidence))
            added = ModelOptions(reasoning_effort, reply_tokens, key_env, llm_options, timeout)
            budget = Budget(tokens=tokens, usd=usd)
            with _asking(opened, llm, base_url, budget, temperature, patience, added) as asked:
                model, home = asked.model, asked.store
                how = tasks.Options(
                    seed=seed,
                    budget=asked.budget,
                    stop=asked.is_stopped,
                    confidence=confidence,
                    unprotected=unprotected,
                )
                if work:
                    done = answers.resume(home, model, work, **how)
                else:
                    near = _meanings(embeddings, home, base_url, added, patience)
                    done = answers.ask(home, model, question, context=context, compare=compare, meanings=near, **how)
    if as_json:
        dump(tasks.as_json(done) | {"known": done.known, "text": done.text})
        return
    for claim in done.claims:
        say(claim.line)
    if not done.known:
        say(done.why)
    cites = {cite.id: cite for claim in done.claims for cite in claim.cites}
    if cites:
        say("\nBased on:")
    for cite in cites.values():
        steps = f" (step {', '.join(map(str, cite.steps))})" if cite.steps else ""
        say(f"  {clean(cite.words)}{steps}")
    for sentence in done.unsupported:
        say(f"Not from the graph: {sentence}")
    for removed in done.removed:
        say(f'Citation removed: "{clean(removed.cite)}" {removed.why}.')
    if done.plain is not None:
        spent = f"{done.tokens[0]:,} tokens with it, {done.tokens[1]:,} without"
        say(f"\nWithout the graph ({spent}):\n{' '.join(done.plain) or 'The model does not know.'}")
    _note_work("ask", store, done.work)


def ideas(
    store: Store,
    count: Annotated[int, Option(min=1, max=20, help="How many.")] = DEFAULT_COUNT,
    novelty: Annotated[float, Option(min=0, max=1, help="0: near to what is known, 1: far from it.")] = 0.7,
    feasibility: Annotated[
        float, Option(min=0, max=1, help="How realistic the ideas should be: the higher, the more is known.")
    ] = 0.5,
    effectiveness: Annotated[float, Option(min=0, max=1, help="How closely the ideas should serve the goal.")] = 0.5,
    goal: Annotated[str, Option(help="What the ideas are for (default: the topic).")] = "",
    work: Work = 0,
    embeddings: Meaning = AUTO,
    confidence: Confidence = None,
    llm: Model = "",
    base_url: Address = "",
    key_env: KeyEnv = "",
    reasoning_effort: Effort = "",
    reply_tokens: ReplyTokens = None,
    llm_options: LLMOptions = "",
    unprotected: Unprotected = False,
    judge_with: JudgeWith = "",
    tokens: Tokens = None,
    usd: Usd = None,
    width: Width = 1,
    seed: Seed = 0,
    patience: Patience = 10,
    timeout: Timeout = None,
    temperature: Temperature = 0.8,
    as_json: AsJson = False,
) -> None:
    """Propose hypotheses from gaps, bridges and surprising relations; each measured against the graph, then ranked."""
    from graphgrow.reason import ideas as hypotheses
    from graphgrow.reason import tasks
    from graphgrow.reason.seeds import IdeaDials
    from graphgrow.reason.trust import trusted_graph

    dials = IdeaDials(novelty, feasibility, effectiveness)
    with closing(open_store(store)) as opened:
        graph = opened.graph()
        done = hypotheses.load(graph, work) if work else None
        if done is None:
            if not work:  # what was begun goes on with what it has read
                note_left_out(trusted_graph(graph, confidence))
            added = ModelOptions(reasoning_effort, reply_tokens, key_env, llm_options, timeout)
            budget = Budget(tokens=tokens, usd=usd)
            with _asking(opened, llm, base_url, budget, temperature, patience, added, judge_with) as asked:
                model, home = asked.model, asked.store
                how = tasks.Options(
                    seed=seed, width=width, budget=asked.budget, stop=asked.is_stopped, confidence=confidence,
                    judge=asked.models.get("judge"), unprotected=unprotected,
                )  # fmt: skip
                near = _meanings(embeddings, home, base_url, added, patience)
                if work:
                    done = hypotheses.resume(home, model, work, meanings=near, **how)
                else:
                    done = hypotheses.ideas(home, model, count=count, dials=dials, goal=goal, meanings=near, **how)
    if as_json:
        dump(tasks.as_json(done))
        return
    for rank, idea in enumerate(done.ranked, 1):
        won = f", won {idea.won:.0%} of {idea.compared}" if idea.compared else ""
        say(f"{rank}. {idea.title} (novelty {idea.novelty:.2f}{won})")
        for label in ("hypothesis", "mechanism", "prediction", "test"):
            say(f"   {label}: {getattr(idea, label)}")
        say(f"   starts from: {' and '.join(map(clean, idea.names))} ({idea.kind})")
        for known in idea.nearest:
            steps = ", ".join(map(str, known.steps))
            say(f"   already said: {clean(known.words)} (step {steps}, likeness {known.likeness:.2f})")
    if not done.ranked:
        say("No idea came of it.")
    if done.reason:
        say(done.reason)
    _note_work("ideas", store, done.work)


def describe(
    store: Store,
    count: Annotated[int, Option(min=1, max=50, help="How many communities, the largest first.")] = DEFAULT_COMMUNITIES,
    work: Work = 0,
    confidence: Confidence = None,
    llm: Model = "",
    base_url: Address = "",
    key_env: KeyEnv = "",
    reasoning_effort: Effort = "",
    reply_tokens: ReplyTokens = None,
    llm_options: LLMOptions = "",
    tokens: Tokens = None,
    usd: Usd = None,
    width: Width = 1,
    seed: Seed = 0,
    patience: Patience = 10,
    timeout: Timeout = None,
    temperature: Temperature = 0.3,
    as_json: AsJson = False,
) -> None:
    """Name the largest communities of a graph, and say in a sentence what each is about, from trusted relations."""
    from graphgrow.reason import communities, tasks

    with closing(open_store(store)) as opened:
        done = communities.load(opened.graph(), work) if work else None
        if done is None:
            added = ModelOptions(reasoning_effort, reply_tokens, key_env, llm_options, timeout)
            budget = Budget(tokens=tokens, usd=usd)
            with _asking(opened, llm, base_url, budget, temperature, patience, added) as asked:
                how = tasks.Options(
                    seed=seed, width=width, budget=asked.budget, stop=asked.is_stopped, confidence=confidence
                )
                done = communities.describe(asked.store, asked.model, count=count, **how)
        graph = opened.graph()
    if as_json:
        dump(tasks.as_json(done))
        return
    rows = [(one.name, one.size, ", ".join(map(graph.name, one.concepts)), one.sentence) for one in done.summaries]
    table(("community", " concepts", "led by", "about"), rows)
    if done.reason:
        say(f"{done.reason}.")
    _note_work("describe", store, done.work)


def judge(
    store: Store,
    answers: Annotated[
        list[str] | None,
        Argument(help="Two answers: steps that began an ask, or text files. One step: its two of --compare."),
    ] = None,
    question: Annotated[str, Option(help="The question that they answer (default: that of the ask).")] = "",
    samples: Annotated[int, Option(min=1, max=50, help="How often both orders are asked.")] = DEFAULT_SAMPLES,
    work: Work = 0,
    llm: Model = "",
    base_url: Address = "",
    key_env: KeyEnv = "",
    reasoning_effort: Effort = "",
    reply_tokens: ReplyTokens = None,
    llm_options: LLMOptions = "",
    unprotected: Unprotected = False,
    judge_with: JudgeWith = "",
    tokens: Tokens = None,
    usd: Usd = None,
    width: Width = 1,
    seed: Seed = 0,
    patience: Patience = 10,
    timeout: Timeout = None,
    temperature: Temperature = 0.7,
    as_json: AsJson = False,
) -> None:
    """Say which of two answers is better, blind and in both orders, by a judge that is tried first."""
    from graphgrow.reason import judge as judging
    from graphgrow.reason import tasks

    _check_one_of(answers, work, "answers")
    with closing(open_store(store)) as opened:
        graph = opened.graph()
        done = judging.load(graph, work) if work else None
        pair = [] if work else answers_to_judge(graph, answers or [], question)
        if done is None:
            added = ModelOptions(reasoning_effort, reply_tokens, key_env, llm_options, timeout)
            budget = Budget(tokens=tokens, usd=usd)
            with _asking(opened, judge_with or llm, base_url, budget, temperature, patience, added) as asked:
                model, home = asked.model, asked.store
                how = tasks.Options(
                    seed=seed, width=width, budget=asked.budget, stop=asked.is_stopped, unprotected=unprotected
                )
                if work:
                    done = judging.resume(home, model, work, **how)
                else:
                    (name, about, one), (other_name, _, other) = pair
                    names = name, other_name
                    done = judging.judge(home, model, about, one, other, names=names, samples=samples, **how)
    if as_json:
        dump(tasks.as_json(done) | {"sentence": done.sentence})
        return
    say(done.sentence)
    if done.interval and done.agreement is not None:
        low, high = done.interval
        say(f"95 % interval {low:.0%} to {high:.0%} (Wilson); both orders agree in {done.agreement:.0%} of the samples")
    for criterion, share in (done.criteria or {}).items():
        say(f"  {criterion}: {share:.0%} for {clean(done.names[0])}")
    say("Probes: " + ", ".join(f"{probe.name} {probe.right} of {probe.asked}" for probe in done.probes))
    if done.unusable:
        say(f"{done.unusable} replies could not be used.")
    _note_work("judge", store, done.work)


def _check_one_of(given: object, work: int, what: str) -> None:
    if bool(given) == bool(work):
        raise BadParameter(f"give {what}, or --work SEQ")


@contextmanager
def _asking(
    opened: GraphStore,
    llm: str,
    base_url: str,
    budget: Budget,
    temperature: float,
    patience: float,
    options: ModelOptions,
    judge_with: str = "",
) -> Iterator[Session]:
    """Lend a session with the model; a budget that is spent ends the command with exit code 3."""
    opened.append()  # a store that this user cannot write says so before a model is loaded or paid
    roles: dict[Role, str] = {"judge": judge_with} if judge_with else {}
    with session(
        opened, llm, base_url, budget, temperature=temperature, patience=patience, options=options, roles=roles
    ) as asked:
        try:
            yield asked
        except BudgetSpent as error:
            note(f"stopped: {clean(str(error))}")
            raise Exit(3) from None


def _meanings(name: str, home: GraphStore, base_url: str, options: ModelOptions, patience: float) -> "Meanings | None":
    """Return what compares meanings; where nobody chose, the local model if it is installed."""
    if name != AUTO:
        if name == OFF:
            return None
        return open_meanings(
            name, home, base_url, options=options, patience=patience, tell=lambda text: note(clean(text))
        )
    try:
        return open_meanings("local", home)
    except BadInput:
        note("names are compared by their words alone; pip install 'graphgrow[local]' compares meanings too")
        return None


def _note_work(command: str, store: str, work: int) -> None:
    note(f"to read it again: graphgrow {command} {clean(store)} --work {work}")


def answers_to_judge(graph: Graph, given: list[str], question: str) -> list[tuple[str, str, str]]:
    """Return name, question and text of the two answers that somebody wants judged.

    `given` are two events or text files, or one event that asked with --compare. Raises BadInput for what is no answer.
    """
    from graphgrow.reason.answers import load
    from graphgrow.reason.judge import COMPARED

    if len(given) == 1:
        if not given[0].isdecimal():
            raise BadInput(f"{given[0]!r} is one answer: name two, or the step of an ask with --compare")
        done = load(graph, int(given[0]))
        if done is None or done.plain is None:
            raise BadInput(f"step {given[0]} holds no two answers: ask with --compare, or name two")
        plain = " ".join(done.plain) or "I do not know."
        asked = question or done.question
        return [("with the graph", asked, done.text), ("without it", asked, plain)]
    if len(given) != PAIR:
        raise BadParameter(f"{len(given)} answers: a judge compares two")
    answers: list[tuple[str, str, str]] = []
    for one in given:
        if one.isdecimal() and not Path(one).exists():
            done = load(graph, int(one))
            if done is None:
                raise BadInput(f"step {one} is no whole answer yet: continue it with  graphgrow ask STORE --work {one}")
            answers.append((f"step {one}", question or done.question, done.text))
            continue
        if not question:
            raise BadInput(f"nobody said what {one} answers: give --question")
        try:
            answers.append((Path(one).name, question, Path(one).read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            raise BadInput(f"{one} is no UTF-8 text") from None
        except IsADirectoryError:
            raise BadInput(f"{one} is a folder: name a text file, or the step of an ask") from None
    if max(len(text) for _, _, text in answers) > COMPARED:
        note(f"only the first {COMPARED:,} characters of each answer are compared")
    if len({asked for _, asked, _ in answers}) > 1:
        raise BadInput("the two answer different questions: say which one is meant with --question")
    return answers
