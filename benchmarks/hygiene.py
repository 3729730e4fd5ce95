"""How much junk hygiene leaves in the recorded run, and how many concepts it costs, by judgements made by hand.

    python benchmarks/hygiene.py [--update]

The names proposed in the run are sorted by a hash of their keys, so that a sample does not depend on the rules.
`before` is the first 200 of all names, `after` the first 200 that pass, `rejected` the first 100 that do not (all where
there are fewer). data/judgements/concepts.csv says which are junk; a sampled name that is not in it ends the command
with exit code 1, and so does a missed goal. `--update` writes the samples and the rules into that file again.

Junk is what makes no sensible node: an adjective, a verb phrase, a piece of a sentence, no word at all, praise, or a
phrase that says nothing ("different materials"). General, clumsy, off-topic and wrong names are not junk if they name
something ("process", "forestry plants", "steel oxide"). One of us judged all 677 names, one at a time, before the rules
took their present form, but not without knowing what kinds of rules there are. The rules were also made for the junk of
this very run; tests/resolve/test_hygiene.py runs them over another model's replies, for which they were not made. The
share of statements whose predicate the vocabulary lists is counted as well.
"""

import argparse
import csv
import gzip
import hashlib
import json
import math
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from graphgrow.graph.events import read_events
from graphgrow.graph.keys import bare, canonical
from graphgrow.graph.model import Expansion, Proposal
from graphgrow.parse.reply import parse
from graphgrow.resolve.hygiene import broken_rule
from graphgrow.resolve.predicates import vocabulary

ROOT = Path(__file__).parents[1]
RUN = ROOT / "data" / "runs" / "impact-resistant-materials.jsonl.gz"
JUDGEMENTS = ROOT / "data" / "judgements" / "concepts.csv"
SHARED = ROOT.parent / "shared" / "data"
TOPIC = "impact resistant materials"
SEED = "graphgrow-hygiene-1"
KEPT, LOST = 200, 100
GOALS = {"after": 0.03, "rejected": 0.10}
Rows = dict[str, dict[str, str]]


def recorded() -> Iterator[Proposal]:
    """Yield what the replies of the run say."""
    for event in read_events(RUN):
        if isinstance(event, Expansion):
            yield parse(event.reply.text, event.reply.finish_reason)


def names(proposals: Iterable[Proposal]) -> dict[str, str]:
    """Return canonical key -> the spelling that enters the graph: the first that passes, else the first."""
    found: dict[str, str] = {}
    for proposal in proposals:
        ends = (end for triple in proposal.triples for end in (triple.source, triple.target))
        for name in map(bare, (*ends, *proposal.names)):
            first = found.setdefault(canonical(name), name)
            if broken_rule(first, TOPIC) and not broken_rule(name, TOPIC):
                found[canonical(name)] = name
    return found


def order(key: str) -> str:
    """Return the place of a key in the draw."""
    return hashlib.sha256(f"{SEED}:{key}".encode()).hexdigest()


def samples(found: dict[str, str]) -> dict[str, list[str]]:
    """Return the keys of each sample."""
    drawn = sorted(found, key=order)
    kept = [key for key in drawn if not broken_rule(found[key], TOPIC)]
    lost = [key for key in drawn if broken_rule(found[key], TOPIC)]
    return {"before": drawn[:KEPT], "after": kept[:KEPT], "rejected": lost[:LOST]}


def judgements() -> Rows:
    """Return the judged names by canonical key."""
    with JUDGEMENTS.open(encoding="utf-8", newline="") as file:
        return {canonical(row["name"]): row for row in csv.DictReader(file)}


def update(rows: Rows, drawn: dict[str, list[str]]) -> None:
    """Write into the file which sample each name is in, and the rule it breaks."""
    with JUDGEMENTS.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["name", "in_sample", "junk", "rule", "note"], lineterminator="\n")
        writer.writeheader()
        for key, row in rows.items():
            inside = "/".join(sample for sample, keys in drawn.items() if key in keys)
            writer.writerow(row | {"in_sample": inside, "rule": broken_rule(row["name"], TOPIC)})


def interval(hits: int, of: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share."""
    z, share = 1.96, hits / of
    middle, half = share + z * z / (2 * of), z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return (middle - half) / (1 + z * z / of), (middle + half) / (1 + z * z / of)


def shares(drawn: dict[str, list[str]], rows: Rows) -> bool:
    """Print the share of junk before and after and of concepts among the rejects; tell whether the goals are met."""
    met = True
    for sample, keys in drawn.items():
        wanted = "no" if sample == "rejected" else "yes"
        hits = [rows[key]["name"] for key in keys if rows[key]["junk"] == wanted]
        low, high = interval(len(hits), len(keys))
        what = "real concepts" if wanted == "no" else "junk"
        share = len(hits) / len(keys)
        print(f"{sample:9} {what:13} {len(hits):3} of {len(keys)}  {share:6.1%}  (95 % {low:.1%} to {high:.1%})")
        if sample in GOALS:
            met &= share <= GOALS[sample]
            print(f"{'':9} {', '.join(hits) or '-'}")
    return met


def coverage(label: str, proposals: Iterable[Proposal]) -> None:
    """Print the share of statements whose predicate the vocabulary lists."""
    said = Counter(triple.predicate for proposal in proposals for triple in proposal.triples)
    known = sum(count for wording, count in said.items() if vocabulary().look_up(wording))
    turned = sum(count for wording, count in said.items() if vocabulary().read(wording).turned)
    missing = ", ".join(f"{m.wording} {m.count}" for m in vocabulary().unmapped(said)[:5])
    print(
        f"{label:16} {said.total():5} statements  {known / said.total():6.1%} mapped, {turned} turned; not: {missing}"
    )


def shared() -> Iterator[tuple[str, list[Proposal]]]:
    """Yield the replies of the shared data, where they are available."""
    traces = SHARED / "graph-preflexor-3b-traces.jsonl.gz"
    if traces.is_file():
        with gzip.open(traces, "rt", encoding="utf-8") as lines:
            yield "3B traces", [parse(json.loads(line)["raw_output"]) for line in lines]
        files = sorted((SHARED / "rejected-replies").glob("*.jsonl"))
        texts = [line for path in files for line in path.read_text(encoding="utf-8").splitlines()]
        yield "rejected replies", [parse(json.loads(text)["line"]) for text in texts]


def main() -> int:
    """Print the tables; 1 where a judgement is missing or a goal is missed."""
    parser = argparse.ArgumentParser(description="Junk before and after hygiene, by hand-made judgements.")
    parser.add_argument("--update", action="store_true", help="write samples and rules into the judgements")
    arguments = parser.parse_args()
    proposals = list(recorded())
    found, rows = names(proposals), judgements()
    drawn = samples(found)
    missing = sorted({found[key] for keys in drawn.values() for key in keys if key not in rows})
    if missing:
        print(f"no judgement in {JUDGEMENTS} for: {'; '.join(missing)}", file=sys.stderr)
        return 1
    if arguments.update:
        update(rows, drawn)
    rules = Counter(broken_rule(name, TOPIC) for name in found.values())
    print(f"{len(found)} names proposed, {rules.pop('')} pass; {', '.join(f'{r} {n}' for r, n in rules.most_common())}")
    met = shares(drawn, rows)
    coverage("recorded run", proposals)
    for label, others in shared():
        coverage(label, others)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
