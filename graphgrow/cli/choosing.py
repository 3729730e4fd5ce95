"""`policy`: who asks next, and why."""

from contextlib import closing

import typer

from graphgrow.cli.output import AsJson, Store, dump, say, table
from graphgrow.policy.bandit import Row, strategy_table, wording_table
from graphgrow.policy.gains import WINDOW
from graphgrow.policy.monitor import monitor
from graphgrow.stores import open_store


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(policy)


def policy(store: Store, as_json: AsJson = False) -> None:
    """Show what each strategy and wording has earned, and how often the bandit would choose it now."""
    with closing(open_store(store)) as home:
        graph = home.graph()
    strategies, wordings = strategy_table(graph), wording_table(graph)
    if as_json:
        dump({"events": graph.seq, "strategies": strategies, "wordings": wordings})
        return
    if not any(row["tokens"] for row in strategies):
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
    state = monitor(graph)
    if state.assessment.do:
        say(f"\n{state.assessment.summary}" + "".join(f"\nleft for now: {name}" for name in sorted(state.avoid())))


def _print(what: str, rows: list[Row]) -> None:
    heads = what, " questions", " concepts", " bridges", " waste", " tokens", " gain", " share"
    shown = [
        (*(row[name] for name in ("name", "questions", "concepts", "bridges", "waste", "tokens")),
         "-" if row["gain"] is None else f"{row['gain']:.2f}", f"{row['share']:.0%}")
        for row in rows
    ]  # fmt: skip
    table(heads, shown)
