"""How well names are told apart or merged: precision, recall, F1 of automatic merges; what goes to review.

    python benchmarks/resolution.py [--pairs hr-concept-variations.xlsx] [--traces traces.jsonl.gz] [--size 100000]

Three ways: exact keys alone, with the rules and similar spelling, and with the local model's embeddings too. The judged
pairs of the recorded run and those about notation, signs and plurals are always used; a file that is not given is left
out. `unsure` counts neither way. `beyond` is the recall among pairs whose keys differ. `--no-meaning` leaves the local
model out.
"""

import argparse
import csv
import gzip
import json
import random
import statistics
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from graphgrow.graph.events import read_events
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.keys import canonical
from graphgrow.llm.embedders import LocalEmbedder, normalised
from graphgrow.resolve.identity import Decision, Lexicon, Meanings, decide

ROOT = Path(__file__).parent.parent
RUN = ROOT / "data" / "runs" / "impact-resistant-materials.jsonl.gz"
JUDGED = ROOT / "data" / "judgements" / "pairs.csv"
NOTATION = ROOT / "data" / "judgements" / "notation.csv"
WAYS = ("keys", "lexical", "lexical + meaning")
LOOKUPS = 200
WIDTHS = (6, 6, 7, 7, 8, 7, 7, 10, 9)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two names, and whether they are one concept."""

    one: str
    other: str
    same: bool


def judged(path: Path) -> list[Pair]:
    """Return the pairs judged yes or no."""
    with path.open(encoding="utf-8", newline="") as file:
        return [Pair(r["one"], r["other"], r["same"] == "yes") for r in csv.DictReader(file) if r["same"] != "unsure"]


def variations(path: Path) -> list[Pair]:
    """Return concept and paraphrase as equal pairs, and for each paraphrase its nearest name of another concept."""
    import openpyxl

    rows = openpyxl.load_workbook(path, read_only=True).worksheets[0].iter_rows(min_row=2, values_only=True)
    pairs = list(dict.fromkeys((str(one), str(other)) for one, other in rows if one and other))
    lexicon, concepts = Lexicon(), dict[str, set[str]]()
    for concept, name in [pair for one, other in pairs for pair in ((one, one), (one, other))]:
        lexicon.add(canonical(name), name)
        concepts.setdefault(canonical(name), set()).add(concept)
    found = [Pair(one, other, same=True) for one, other in pairs]
    for concept, name in pairs:
        strangers = [one.key for one in lexicon.near(name, 64) if not concepts[one.key] & concepts[canonical(name)]]
        found += [Pair(concept, lexicon.names[key], same=False) for key in strangers[:1] if key != canonical(concept)]
    return found


def traced(path: Path) -> list[str]:
    """Return the concepts of the traces, with names only stripped of blanks."""
    names: dict[str, None] = {}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            text = json.loads(line)["graph_json"]
            graph = json.loads(text) if isinstance(text, str) and text.strip() else text or {}
            names |= {str(node["id"]).strip(): None for node in graph.get("nodes", ())}
            ends = [str(edge[end]).strip() for edge in graph.get("edges", ()) for end in ("source", "target")]
            names |= dict.fromkeys(ends)
    return [name for name in names if canonical(name)]


def verdict(pair: Pair, way: str, local: LocalEmbedder | None = None) -> str:
    """Return the decision on a pair, where the second name comes to a graph that knows the first."""
    key, other = canonical(pair.one), canonical(pair.other)
    if way == "keys" or key == other:
        return "merge" if key == other else "apart"
    lexicon, meanings = Lexicon(), None
    lexicon.add(key, pair.one)
    if way == "lexical + meaning" and local:
        meanings = Meanings(local)
        meanings.add({key: pair.one})
    return decide(pair.other, other, lexicon, meanings=meanings).action


def row(pairs: list[Pair], way: str, local: LocalEmbedder | None) -> str:
    """Return one line of the table."""
    done = [(pair.same, verdict(pair, way, local)) for pair in pairs]
    right, wrong = done.count((True, "merge")), done.count((False, "merge"))
    asked, worth = sum(action == "review" for _, action in done), done.count((True, "review"))
    same = sum(is_same for is_same, _ in done)
    precision = right / (right + wrong) if right + wrong else None
    f1 = 2 * right / (right + wrong + same)
    shown = "-" if precision is None else f"{precision:.3f}"
    found = (right + worth) / same
    by_key = sum(pair.same and canonical(pair.one) == canonical(pair.other) for pair in pairs)
    beyond = f"{(right - by_key) / (same - by_key):.3f}" if same > by_key else "-"
    cells = (right, wrong, shown, f"{right / same:.3f}", beyond, f"{f1:.3f}", asked, worth, f"{found:.3f}")
    return f"{way:<18}" + "".join(f"{cell:>{width}}" for cell, width in zip(cells, WIDTHS, strict=True))


def table(title: str, pairs: list[Pair], local: LocalEmbedder | None) -> None:
    """Print how the three ways do on pairs."""
    same = sum(pair.same for pair in pairs)
    print(f"\n{title}: {same} pairs are one concept, {len(pairs) - same} are two")
    heads = zip(
        ("right", "wrong", "prec.", "recall", "beyond", "F1", "review", "of them =", "with it"), WIDTHS, strict=True
    )
    print(" " * 18 + "".join(f"{head:>{width}}" for head, width in heads))
    for way in WAYS if local else WAYS[:2]:
        print(row(pairs, way, local))


def resolved(names: Iterable[str], graph: Graph | None, meanings: Meanings | None) -> list[tuple[str, str, Decision]]:
    """Return what becomes of names that arrive one by one; one that merges is no longer a concept of its own."""
    lexicon, done = Lexicon(), []
    around = graph.neighbours if graph else {}
    for name in names:
        key = canonical(name)
        decision = decide(name, key, lexicon, lambda one: around.get(one, {}).keys(), meanings)
        done.append((name, lexicon.names.get(decision.into, decision.into), decision))
        lexicon.add(decision.into if decision.action == "merge" else key, name)
        if meanings is not None and decision.action != "merge":
            meanings.add({key: name})
    return done


def growth(title: str, names: list[str], graph: Graph | None, local: LocalEmbedder) -> None:
    """Print what merges and what goes to review as names arrive, listing every merge beyond equal keys."""
    cached = _Kept()
    Meanings(local, cached).vectors(names)
    keys = len({canonical(name) for name in names})
    for way, meanings in (("lexical", None), ("lexical + meaning", Meanings(local, cached))):
        done = resolved(names, graph, meanings)
        count = Counter(one.action for _, _, one in done)
        left = len(names) - count["merge"]
        print(f"\n{title}, {way}: {len(names)} names -> {keys} keys -> {left} concepts, {count['review']} asked")
    for name, known, one in done:
        if one.action == "merge":
            print(f"  {name}  ->  {known}" + ("" if one.score < 1 else "  (same key)"))


class _Kept(dict[str, bytes]):
    """A cache in memory."""

    def recall(self, kind: str, keys: Iterable[str]) -> dict[str, bytes]:  # noqa: ARG002  # the signature of every cache
        return {key: self[key] for key in keys if key in self}

    def remember(self, kind: str, values: object) -> None:  # noqa: ARG002  # as above
        self.update(values)  # type: ignore[call-overload]


def made_names(words: list[str], size: int) -> list[str]:
    """Return distinct names of two to five of the recorded run's words."""
    rng, found = random.Random(1), dict[str, None]()
    while len(found) < size:
        found[" ".join(rng.choices(words, k=rng.choice((2, 2, 3, 3, 4, 5))))] = None
    return list(found)


def speed(words: list[str], size: int, local: LocalEmbedder) -> None:
    """Print milliseconds per decision at a size, median and 99th percentile."""
    names = made_names(words, size)
    lexicon, meanings = Lexicon(), Meanings(local)
    start = time.perf_counter()
    for name in names:
        lexicon.add(canonical(name), name)
    each = 1000 * (time.perf_counter() - start) / size
    print(f"\n{size} concepts: adding one to the lexicon {each:.2f} ms")
    rng = np.random.default_rng(0)
    known = meanings.vectors(names[:LOOKUPS])
    for place, name in enumerate(names):  # embedding all would take minutes: real vectors with noise stand in
        noise = rng.standard_normal((1, known.shape[1])) / 20
        meanings.index.add(canonical(name), normalised(known[place % len(known)] + noise)[0])
    asked = [f"{name} {extra}" for name, extra in zip(names[:LOOKUPS], names[-LOOKUPS:], strict=True)]
    asked += made_names(words[::-1], LOOKUPS)
    for title, with_meanings in (("lexical", None), ("lexical + meaning, names embedded before", meanings)):
        if with_meanings is not None:
            begin = time.perf_counter()
            with_meanings.prepare(asked)
            print(f"{1000 * (time.perf_counter() - begin) / len(asked):8.2f} ms a name  embedding, in one batch")
        spent = []
        for name in asked:
            begin = time.perf_counter()
            decide(name, canonical(name), lexicon, meanings=with_meanings)
            spent.append(1000 * (time.perf_counter() - begin))
        last = statistics.quantiles(spent, n=100)[98]
        print(f"{statistics.median(spent):8.2f} ms a decision (99 % within {last:.2f})  {title}")


def main() -> None:
    """Print the tables."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--pairs", type=Path, help="hr-concept-variations.xlsx")
    options.add_argument("--traces", type=Path, help="graph-preflexor-3b-traces.jsonl.gz")
    options.add_argument("--size", type=int, default=100_000, help="concepts to time lookups at, 0 for none")
    options.add_argument("--no-meaning", action="store_true", help="judged pairs by the rules alone")
    how = options.parse_args()
    if how.no_meaning:
        table("recorded run, judged by hand", judged(JUDGED), None)
        table("notation, signs and plurals, judged by hand", judged(NOTATION), None)
        return
    local = LocalEmbedder()
    graph = fold(read_events(RUN))
    names = list(dict(reversed(list(graph.spellings()))).values())[::-1]
    table("recorded run, judged by hand", judged(JUDGED), local)
    table("notation, signs and plurals, judged by hand", judged(NOTATION), local)
    if how.pairs:
        table("concept variations (noisy)", variations(how.pairs), local)
    growth("recorded run", names, graph, local)
    if how.traces:
        growth("3B traces", traced(how.traces), None, local)
    if how.size:
        speed([word for key in graph.concepts for word in key.split()], how.size, local)


if __name__ == "__main__":
    main()
