"""What a graph of any size costs: to build, to open, to grow by a step outside the model, to verify; and its memory.

    python benchmarks/scale.py [--concepts 100000] [--relations 300000] [--steps 200] [--policy mix] [--keep FOLDER]
                               [--recall]

The world has names like real ones: their lengths, word order and word frequencies are those of the recorded run, with
more words made in the same way; one name in thirty is a known one in another spelling. Every phase runs in a process of
its own, so that its memory is measured by itself. `--recall` compares decisions about names with and without a cap on
how many names they are compared with.
"""

import argparse
import json
import random
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import overhead
from overhead import STAGES, step

from graphgrow.graph.events import read_events
from graphgrow.graph.keys import canonical
from graphgrow.graph.model import (
    Concept,
    Delta,
    Event,
    Expansion,
    Focus,
    Measures,
    Prompt,
    Relation,
    Reply,
    Statement,
    Triple,
)
from graphgrow.growth.loop import Growth
from graphgrow.growth.settings import Settings
from graphgrow.llm.scripted import Scripted
from graphgrow.policy import open_policy
from graphgrow.resolve.identity import Lexicon, decide
from graphgrow.stores.copying import batches
from graphgrow.stores.sqlite import SQLiteStore
from graphgrow.stores.verifying import verify

RUNS = Path(__file__).parent.parent / "data"
NEW_A_REPLY = 4
LONGEST = 5  # words of a name; a made-up word is modelled on words of the same length
VARIANTS = 30  # one name in this many is a known one, written another way
PREDICATES = ("contains", "improves", "is a", "causes", "has property", "based on", "used for", "requires")
PARTS = (
    "poly nano micro bio thermo electro hydro photo magneto meso aero chemo cyto neuro geo cryo auto hetero iso"
    " ferro lipo myco phyto sono visco piezo"
).split()


def clock() -> float:
    """Return seconds, as overhead.py counts them."""
    return overhead.clock()


class Names:
    """An endless supply of names that resemble real ones."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self.known: list[str] = []
        self._taken: set[str] = set()
        real = sorted({c.name for path in sorted(RUNS.glob("*/*.jsonl.gz")) if path.parent.name in {"runs", "knowledge"}
                       for event in read_events(path) for c in event.delta.concepts})  # fmt: skip
        split = [name.split() for name in real if name.isascii() and len(name.split()) <= LONGEST]
        self._lengths = [len(words) for words in split]
        heads, others = Counter(words[-1] for words in split), Counter(w for words in split for w in words[:-1])
        self._heads, self._others = ([word for word, _ in rows.most_common()] for rows in (heads, others))
        # Made-up words are as rare as most real ones: the tail of Zipf's law.
        plain = [word for word in self._others if word.isalpha() and word.islower() and len(word) >= LONGEST]
        made = dict.fromkeys(f"{part}{word}" for word in plain for part in PARTS)
        tail = self._rng.sample(sorted(made), min(20_000, len(made)))
        self._others += tail
        self._heads += self._rng.sample(tail, 2000)

    def go_on(self, seed: int) -> None:
        """Reseed the random numbers from here on."""
        self._rng = random.Random(seed)

    def _word(self, words: list[str]) -> str:
        return words[min(len(words) - 1, int(len(words) ** self._rng.random()) - 1)]

    def new(self) -> str:
        """Return a name that was not returned yet."""
        while True:
            count = self._rng.choice(self._lengths)
            words = [self._word(self._others) for _ in range(count - 1)] + [self._word(self._heads)]
            if count == 1:
                words = [self._rng.choice(self._heads)]
            name = " ".join(dict.fromkeys(words))
            if (key := canonical(name)) and key not in self._taken:
                self.take(key, name)
                return name

    def take(self, key: str, name: str) -> None:
        """Mark a name as known, so that it is not returned as new any more."""
        self._taken.add(key)
        self.known.append(name)

    def another(self, name: str) -> str:
        """Return a name in another spelling, as models write them, or with a slip."""
        way, rng = self._rng.randrange(5), self._rng
        at = rng.randrange(1, max(2, len(name) - 1))
        return (
            f"{name} material", name.replace(" ", "-", 1), name.title(), name[:at] + name[at + 1 :],
            name[:at] + name[at] * 2 + name[at + 1 :] if at < len(name) else f"{name}s",
        )[way]  # fmt: skip

    def some(self) -> str:
        """Return a known name, older ones more often."""
        return self.known[int(len(self.known) * self._rng.random() ** 2)]


def deltas(names: Names, concepts: int, relations: int) -> Iterator[Delta]:
    """Yield the deltas of replies until there are as many concepts and relations as asked for."""
    rng = random.Random(len(PREDICATES))
    each = max(NEW_A_REPLY, round(relations * NEW_A_REPLY / concepts))
    topic = names.new()
    first = Concept(canonical(topic), topic)
    for _ in range(concepts // NEW_A_REPLY):
        new = [names.new() for _ in range(NEW_A_REPLY)]
        said: dict[Relation, Statement] = {}
        for place in range(each):
            source, target = names.some(), new[place] if place < NEW_A_REPLY else names.some()
            relation = Relation(canonical(source), rng.choice(PREDICATES), canonical(target))
            if relation.source != relation.target:
                said[relation] = Statement(relation, Triple(source, relation.predicate, target))
        yield Delta((first, *(Concept(canonical(name), name) for name in new)), relations=tuple(said.values()))


def events(names: Names, concepts: int, relations: int) -> Iterator[Event]:
    """Yield the events of a graph of that size."""
    for seq, delta in enumerate(deltas(names, concepts, relations), 1):
        rows = [{"source": s.raw.source, "predicate": s.raw.predicate, "target": s.raw.target} for s in delta.relations]
        about = delta.relations[0].relation.source
        focus = Focus("frontier", (about,), "1 relation from the topic, 3 neighbours, never asked about", 0.5)
        prompt, reply = Prompt("You grow a graph.", f"What has to do with {about}?"), Reply(json.dumps(rows))
        yield Expansion(seq, names.known[0], focus, prompt, reply, "ok", "", delta, Measures())


def replies(names: Names) -> Iterator[str]:
    """Yield further replies that continue the graph."""
    rng = random.Random(2)
    while True:
        rows = []
        for place in range(6):
            target = names.some()
            if place < NEW_A_REPLY:
                target = names.another(target) if rng.randrange(VARIANTS) == 0 else names.new()
            rows.append({"source": names.some(), "predicate": rng.choice(PREDICATES), "target": target})
        yield json.dumps({"relations": rows})


def build(path: Path, concepts: int, relations: int) -> dict[str, float]:
    """Write the graph into a SQLite file."""
    start, count, seconds, processor = clock(), 0, 0.0, 0.0
    with closing(SQLiteStore(path, create=True)) as store:
        for batch in batches(events(Names(1), concepts, relations), store.url):
            count += sum(len(event.delta.relations) for event in batch)
            before = clock(), time.process_time()
            store.append(*batch)
            seconds, processor = seconds + clock() - before[0], processor + time.process_time() - before[1]
    return {
        "relations": count,
        "with the world's making s": clock() - start,
        "store s": seconds,
        "relations/s": count / seconds,
        "relations/s of processor": count / processor,
        "file MB": path.stat().st_size / 1e6,
        "peak MB": peak(),
    }


def grow(path: Path, steps: int, policy: str = "mix") -> dict[str, float]:
    """Open the graph and do some steps."""
    names = Names(1)
    with closing(sqlite3.connect(path)) as file:
        for key, name in file.execute("SELECT key, name FROM concept ORDER BY first_seq"):
            names.take(key, name)
    texts = replies(names)
    before = rss()
    with closing(SQLiteStore(path)) as store:
        start = clock()
        growth = Growth("", store, Scripted([]), Settings(open_policy(policy)))
        row = {"open s": clock() - start, "open MB": rss() - before}
        spent: dict[str, list[float]] = {stage: [] for stage in STAGES}
        names.go_on(growth.graph.seq)
        start = clock()
        step(growth, store, next(texts), spent)
        row |= {"first step s": clock() - start, "first step MB": rss() - before}
        spent = {stage: [] for stage in STAGES}
        for _ in range(steps):
            step(growth, store, next(texts), spent)
    totals = sorted(map(sum, zip(*spent.values(), strict=True)))
    row |= {stage: statistics.median(spent[stage]) for stage in STAGES}
    row |= {"median ms": statistics.median(totals), "p99 ms": totals[min(len(totals) - 1, int(0.99 * len(totals)))]}
    return row | {"peak MB": peak()}


def check(path: Path) -> dict[str, float]:
    """Verify the graph."""
    start = clock()
    with closing(SQLiteStore(path)) as store:
        problems = verify(store).problems
    assert not problems, problems
    return {"verify s": clock() - start, "peak MB": peak()}


def recall(concepts: int, relations: int, asked: int = 1000) -> dict[str, float]:
    """Return what share of merges and doubts is still found when names are compared with few, and the time per name."""
    names, row = Names(1), dict[str, float]()
    capped, whole = Lexicon(), Lexicon(sys.maxsize)
    for delta in deltas(names, concepts, relations):
        for concept in delta.concepts:
            for lexicon in (capped, whole):
                lexicon.add(concept.key, concept.name)
    names.go_on(2)
    rng, rows = random.Random(3), []
    questions = [names.another(rng.choice(names.known)) for _ in range(asked)]
    questions += [names.new() for _ in range(asked)]
    for name, lexicon in ((n, x) for x in (capped, whole) for n in ("a warm up", "of both")):
        decide(name, canonical(name), lexicon)
    spent = dict.fromkeys((capped, whole), 0.0)
    for name in questions:
        pair = []
        for lexicon in (capped, whole):
            start = clock()
            pair.append(decide(name, canonical(name), lexicon))
            spent[lexicon] += clock() - start
        rows.append(pair)
    for action in ("merge", "review"):
        wanted = [pair for pair in rows if pair[1].action == action]
        found = sum(one.action == action for one, _ in wanted)
        same = sum((one.action, one.into) == (other.action, other.into) for one, other in wanted)
        row |= {f"{action}s": len(wanted), f"of them {action}": found / max(1, len(wanted))}
        row |= {f"{action} same concept": same / max(1, len(wanted))}
    return row | {"capped ms": 1000 * spent[capped] / len(rows), "whole ms": 1000 * spent[whole] / len(rows)}


def rss() -> float:
    """Return the memory that this process holds now, in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


def peak() -> float:
    """Return the most memory that this process held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Run the phases, each in a process of its own, and print what they cost."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--concepts", type=int, default=100_000)
    options.add_argument("--relations", type=int, default=300_000)
    options.add_argument("--steps", type=int, default=200)
    options.add_argument("--policy", default="mix")
    options.add_argument("--keep", type=Path)
    options.add_argument("--phase", choices=["build", "grow", "verify", "recall"])
    options.add_argument("--recall", action="store_true")
    options.add_argument("--cpu", action="store_true", help="count the seconds of this process alone")
    how = options.parse_args()
    if how.cpu:
        overhead.clock = time.process_time
    if how.phase:
        path = how.keep / f"scale-{how.concepts}.db"
        if how.phase == "recall":
            row = recall(how.concepts, how.relations)
        elif how.phase == "build":
            row = build(path, how.concepts, how.relations)
        else:
            row = grow(path, how.steps, how.policy) if how.phase == "grow" else check(path)
        print(json.dumps(row))
        return
    with tempfile.TemporaryDirectory() as folder:
        keep = how.keep or Path(folder)
        is_built = (keep / f"scale-{how.concepts}.db").exists()
        for phase in ("recall",) if how.recall else (*(() if is_built else ("build",)), "grow", "grow", "verify"):
            command = [sys.executable, __file__, *sys.argv[1:], "--keep", str(keep), "--phase", phase]
            row = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            print(phase + ": " + ", ".join(f"{name} {value:,.2f}" for name, value in row.items()), flush=True)


if __name__ == "__main__":
    main()
