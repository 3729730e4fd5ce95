"""What a growth step costs outside the model: milliseconds per stage at 1,000 to 100,000 concepts, and peak memory.

    python benchmarks/overhead.py [--sizes 1000 10000 100000] [--steps 100]

A made-up graph of the wanted size (six relations per reply, as our prompt asks for) is put into a SQLite file; then
steps are timed stage by stage, each the median over `--steps`. The ratio says how the cost grows with the graph.
"""

import argparse
import json
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import TypeVar

from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Answer, Event, Focus, Prompt, Question, Reply
from graphgrow.growth.loop import Growth
from graphgrow.growth.replay import read_again
from graphgrow.growth.settings import Settings
from graphgrow.llm.scripted import Scripted
from graphgrow.measure import measure
from graphgrow.parse.reply import parse
from graphgrow.policy import open_policy
from graphgrow.resolve.options import open_resolver
from graphgrow.resolve.resolve import resolve
from graphgrow.stores.outbox import PendingReply
from graphgrow.stores.sqlite import SQLiteStore

STAGES = ("choose", "render", "parse", "resolve", "measure", "commit", "apply")
GOALS = {1_000: 5, 10_000: 20, 100_000: 100}
NEW_A_REPLY = 4
BATCH = 500
RESOLVER = open_resolver()
T = TypeVar("T")
clock = time.perf_counter


def replies(rng: random.Random) -> Iterator[str]:
    """Yield replies that each bring four new concepts and join them to known ones, popular ones more often."""
    known = ["impact resistant materials"]
    while True:
        rows = []
        for number in range(6):
            source = known[int(len(known) * rng.random() ** 2)]
            target = f"concept {len(known)} of made kind" if number < NEW_A_REPLY else rng.choice(known)
            if number < NEW_A_REPLY:
                known.append(target)
            rows.append({"source": source, "predicate": rng.choice(("contains", "improves", "is a")), "target": target})
        yield json.dumps({"relations": rows})


def event_of(graph: Graph, focus: Focus, reply: str) -> Event:
    """Return the event of a reply."""
    prompt = Prompt("", "")
    answer = Answer(prompt, Reply(reply))
    pending = PendingReply("impact resistant materials", 0, Question(focus, prompt), answer)
    return read_again(graph, pending, RESOLVER, seed=0, at="")


def fill(store: SQLiteStore, size: int, texts: Iterator[str]) -> None:
    """Grow a store to a size, many events per transaction."""
    graph, batch = Graph(), list[Event]()
    policy, rng = open_policy("mix"), random.Random(1)
    while len(graph.concepts) < size:
        (focus,) = policy.choose(graph, "impact resistant material", rng)
        batch.append(event_of(graph, focus, next(texts)))
        graph.apply(batch[-1])
        if len(batch) == BATCH:
            store.append(*batch)
            batch.clear()
    if batch:
        store.append(*batch)


def timed(spent: dict[str, list[float]], stage: str, work: Callable[[], T]) -> T:
    """Return what the work returns, and note its milliseconds."""
    start = clock()
    result = work()
    spent[stage].append(1000 * (clock() - start))
    return result


def step(growth: Growth, store: SQLiteStore, text: str, spent: dict[str, list[float]]) -> None:
    """Do one step as the loop does it, timing each stage."""
    graph = growth.graph
    (focus,) = timed(spent, "choose", growth.choose)
    question = timed(spent, "render", lambda: next(growth.questions([focus])))
    proposal = timed(spent, "parse", lambda: parse(text))
    delta = timed(spent, "resolve", lambda: resolve(proposal, graph, growth.topic, RESOLVER))
    timed(spent, "measure", lambda: measure(graph, delta))
    answer = Answer(question.prompt, Reply(text))
    event = read_again(graph, PendingReply(growth.topic, 0, question, answer), RESOLVER, seed=0, at="")
    timed(spent, "commit", lambda: store.append(event))
    timed(spent, "apply", lambda: graph.apply(event))


def trial(size: int, steps: int) -> dict[str, float]:
    """Return stage -> median milliseconds at one size, with the total, seconds to load, and peak memory in MB."""
    texts = replies(random.Random(size))
    with tempfile.TemporaryDirectory() as folder, closing(SQLiteStore(Path(folder) / "g.db", create=True)) as store:
        fill(store, size, texts)
        start = time.perf_counter()
        growth = Growth("", store, Scripted([]), Settings(open_policy("mix")))
        loaded = time.perf_counter() - start
        spent: dict[str, list[float]] = {stage: [] for stage in STAGES}
        for text in islice(texts, steps):
            step(growth, store, text, spent)
    row = {stage: statistics.median(values) for stage, values in spent.items()}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return row | {"total": sum(row.values()), "load_s": loaded, "peak_mb": peak}


def main() -> None:
    """Print the table, the growth of the cost relative to the growth of the graph, and whether the goals were met."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sizes", type=int, nargs="+", default=list(GOALS))
    options.add_argument("--steps", type=int, default=100)
    how = options.parse_args()
    print(f"{'concepts':>9}" + "".join(f"{name:>9}" for name in (*STAGES, "total", "goal", "load s", "peak MB")))
    totals = {}
    for size in how.sizes:
        row = trial(size, how.steps)
        totals[size] = row["total"]
        shares = "".join(f"{row[stage]:9.2f}" for stage in STAGES)
        print(f"{size:>9}{shares}{row['total']:9.2f}{GOALS.get(size, 0):>9}{row['load_s']:9.2f}{row['peak_mb']:9.0f}")
    first, last = min(totals), max(totals)
    print(f"{last / first:.0f} times the concepts cost {totals[last] / totals[first]:.1f} times the milliseconds")


if __name__ == "__main__":
    main()
