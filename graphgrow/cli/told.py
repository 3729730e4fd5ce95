"""How answers, ideas and judgements are printed: for people as sentences, for programs as one JSON document."""

from typing import TYPE_CHECKING

from graphgrow.cli.output import dump, err, printable, say

if TYPE_CHECKING:
    from graphgrow.reason.answers import GraphAnswer
    from graphgrow.reason.ideas import Ideas
    from graphgrow.reason.judge import Judgement


def dump_work(done: object, **also: object) -> None:
    """Print what a work came to as JSON, with what follows from it."""
    from graphgrow.reason.tasks import as_json

    dump(as_json(done) | also)


def say_answer(done: "GraphAnswer", store: str) -> None:
    """Print an answer, sentence by sentence, and what it follows from."""
    for claim in done.claims:
        say(claim.line)
    if not done.known:
        say(f"{done.text} {done.reason}")
    cites = {cite.id: cite for claim in done.claims for cite in claim.cites}
    if cites:
        say("\nIt follows from:")
    for cite in cites.values():
        steps = f" (step {', '.join(map(str, cite.steps))})" if cite.steps else ""
        say(f"  {printable(cite.words)}{steps}")
    for one in done.unsupported:
        say(f"Not from the graph: {one}")
    for removed in done.removed:
        say(f"Taken off: {printable(removed.cite)} {removed.why}.")
    if done.plain is not None:
        spent = f"{done.tokens[0]:,} tokens with it, {done.tokens[1]:,} without"
        say(f"\nWithout the graph ({spent}):\n{' '.join(done.plain) or 'The model does not know.'}")
    _again("ask", store, done.work)


def say_ideas(done: "Ideas", store: str) -> None:
    """Print ideas, best first, with their numbers."""
    for place, one in enumerate(done.ranked, 1):
        won = f", won {one.won:.0%} of {one.compared}" if one.compared else ""
        say(f"{place}. {one.title} (novelty {one.novelty:.2f}{won})")
        for label in ("hypothesis", "mechanism", "prediction", "test"):
            say(f"   {label}: {getattr(one, label)}")
        say(f"   begins with: {' and '.join(map(printable, one.names))} ({one.kind})")
        for near in one.nearest:
            steps = ", ".join(map(str, near.steps))
            say(f"   already said: {printable(near.words)} (step {steps}, likeness {near.likeness:.2f})")
    if not done.ranked:
        say("No idea came of it.")
    if done.reason:
        say(done.reason)
    _again("ideas", store, done.work)


def say_judgement(done: "Judgement", store: str) -> None:
    """Print a verdict with what it rests on."""
    say(done.sentence)
    if done.interval and done.agreement is not None:
        low, high = done.interval
        say(f"95 % interval {low:.0%} to {high:.0%} (Wilson); both orders agree in {done.agreement:.0%} of the samples")
    for name, share in (done.criteria or {}).items():
        say(f"  {name}: {share:.0%} for {printable(done.names[0])}")
    say("Probes: " + ", ".join(f"{one.name} {one.right} of {one.asked}" for one in done.probes))
    if done.unusable:
        say(f"{done.unusable} replies could not be used.")
    _again("judge", store, done.work)


def _again(command: str, store: str, work: int) -> None:
    err().print(f"to read it again: graphgrow {command} {printable(store)} --work {work}", markup=False, soft_wrap=True)
