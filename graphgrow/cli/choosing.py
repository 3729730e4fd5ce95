"""`policy`: who asks next, and why."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing

import typer

from graphgrow.cli.output import AsJson, Store, dump, say, table
from graphgrow.policy import Bandit
from graphgrow.policy.arms import Arms
from graphgrow.policy.gains import WINDOW, Gain, gains
from graphgrow.prompts import kind
from graphgrow.stores import open_store

Row = dict[str, object]
OURS = "(ours)"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(policy)


def policy(store: Store, as_json: AsJson = False) -> None:
    """Show what each strategy and wording has earned, and how often the bandit would choose it now."""
    with closing(open_store(store)) as home:
        graph = home.graph()
    accounts = gains(graph, None)
    recent = gains(graph)
    strategies = list(_rows(Bandit().strategies(recent), [(one.strategy, one) for one in accounts]))
    wordings = list(_wordings(accounts, recent))
    if as_json:
        dump({"events": graph.seq, "strategies": strategies, "wordings": wordings})
        return
    if not accounts:
        say("No question was asked yet, so nothing is known of any strategy.")
        return
    _print("strategy", strategies)
    if wordings:
        say("")
        _print("wording", wordings)
    say(
        f"\ngain   concepts and cross-community relations kept, by relevance, less waste, per 1,000 tokens;"
        f"\n       of the last {WINDOW} questions, where newer ones weigh more"
        f"\nshare  how often the bandit would choose it after event {graph.seq}"
    )


def _rows(known: Arms, chosen: list[tuple[str, Gain]]) -> Iterator[Row]:
    """Yield what was chosen over the whole run and what is expected now, what would be chosen most often first."""
    shares = known.shares()
    names = dict.fromkeys((*sorted(shares, key=lambda name: -shares[name]), *dict(chosen)))
    for name in names:
        own = [gain for other, gain in chosen if other == name]
        arm = known.arms.get(name)
        yield {
            "name": name or OURS,
            "questions": sum(gain.is_step for gain in own),
            "concepts": sum(gain.concepts for gain in own),
            "bridges": sum(gain.bridges for gain in own),
            "waste": sum(gain.waste for gain in own),
            "tokens": sum(gain.tokens for gain in own),
            "gain": arm.rate if arm else None,
            "share": shares.get(name, 0.0),
        }


def _wordings(accounts: list[Gain], recent: list[Gain]) -> Iterator[Row]:
    """Yield the same for the wordings of every kind of question that was asked in more than one."""
    used = Counter((kind(one.angle), one.variant) for one in accounts)
    for of in sorted({of for of, variant in used if variant}):
        names = tuple(sorted(variant for kind_of, variant in used if kind_of == of and variant))
        chosen = [(one.variant, one) for one in accounts if kind(one.angle) == of]
        known = Bandit({of: names}).wordings(of, recent)
        yield from ({**row, "name": f"{of}: {row['name']}"} for row in _rows(known, chosen))


def _print(what: str, rows: list[Row]) -> None:
    heads = what, " questions", " concepts", " bridges", " waste", " tokens", " gain", " share"
    shown = [
        (*(row[name] for name in ("name", "questions", "concepts", "bridges", "waste", "tokens")),
         "-" if row["gain"] is None else f"{row['gain']:.2f}", f"{row['share']:.0%}")
        for row in rows
    ]  # fmt: skip
    table(heads, shown)
