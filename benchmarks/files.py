"""How long writing a large graph to files and reading it take, and memory: 50,000 concepts and 150,000 relations.

    python benchmarks/files.py [--concepts 50000] [--relations 150000] [FORMAT ...]

Every command runs as a process of its own, as people run it: elapsed seconds, CPU seconds, and peak memory. An import
has to stay below 30 seconds and 600 MB, on a machine that does nothing else.
"""

import argparse
import csv
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from graphgrow.export import FORMATS, csv_pair, neo4j_pair

SECONDS, MEGABYTES = 30, 600
WORDS = """silk fibre polymer crystal membrane protein sheet layer matrix grain crack wave shear lattice enzyme cell
tissue bone nacre chitin collagen keratin aragonite graphene epoxy resin carbon steel alloy foam""".split()
PREDICATES = "contains supports forms binds activates resists causes prevents".split()


def triples(concepts: int, relations: int, path: Path) -> None:
    """Write a table of relations between made-up names, using every name."""
    rng = random.Random(0)
    names = [f"{rng.choice(WORDS)} {rng.choice(WORDS)} {number}" for number in range(concepts)]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("source", "predicate", "target"))
        for number in range(relations):
            writer.writerow((names[number % concepts], rng.choice(PREDICATES), rng.choice(names)))


def measured(*command: str) -> tuple[float, float, float]:
    """Return seconds, seconds of processor time and megabytes of a command of ours."""
    started = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "graphgrow", *command], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} failed")
    return time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> None:
    """Print a row per format."""
    parser = argparse.ArgumentParser()
    parser.add_argument("formats", nargs="*", default=list(FORMATS))
    parser.add_argument("--concepts", type=int, default=50_000)
    parser.add_argument("--relations", type=int, default=150_000)
    options = parser.parse_args()
    slow = []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        triples(options.concepts, options.relations, home / "triples.csv")
        rows = [("import triples.csv", *measured("import", str(home / "triples.csv"), str(home / "graph.db")))]
        for ending in options.formats:
            file, again = home / f"graph{ending}", home / f"again{ending}.db"
            rows.append((f"export {ending}", *measured("export", str(home / "graph.db"), str(file))))
            rows.append((f"import {ending}", *measured("import", str(file), str(again))))
            for path in (file, *csv_pair(file), *(neo4j_pair(file) if ending == ".neo4j.csv" else ()), again):
                path.unlink(missing_ok=True)
        print(f"{'command':<22}{'seconds':>9}{'of a core':>11}{'MB':>7}", flush=True)
        for command, seconds, busy, megabytes in rows:
            print(f"{command:<22}{seconds:>9.1f}{busy:>11.1f}{megabytes:>7.0f}")
            if command.startswith("import") and (seconds > SECONDS or megabytes > MEGABYTES):
                slow.append(command)
    if slow:
        raise SystemExit(f"over {SECONDS} s or {MEGABYTES} MB: {', '.join(slow)}")


if __name__ == "__main__":
    main()
