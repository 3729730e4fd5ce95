"""What a reader following one step passes through: files and functions of the package run between two events of `grow`.

    python benchmarks/step.py [--policy bandit] [--after 120] [--names]

The replies of the recorded run are replayed into a new SQLite store; the step after the first `--after` of them is
traced in the thread that grows. Functions count by name, without lambdas and comprehensions. Only the public API is
used, so that an older checkout can be traced for comparison: PYTHONPATH=OLDER python benchmarks/step.py.
"""

import argparse
import gzip
import json
import sys
import tempfile
from collections import defaultdict
from contextlib import closing
from pathlib import Path
from types import FrameType

import graphgrow
from graphgrow.stores import open_store

PACKAGE = str(Path(graphgrow.__file__).parent)
RUN = Path(__file__).parents[1] / "data" / "runs" / "impact-resistant-materials.jsonl.gz"


def trace(policy: str, after: int) -> tuple[dict[str, set[str]], int]:
    """Return file -> names of its functions that one step runs, and how deep their frames stack."""
    with gzip.open(RUN, "rt", encoding="utf-8") as lines:
        replies = [json.loads(line)["reply"]["text"] for line in lines]
    crossed: dict[str, set[str]] = defaultdict(set)
    deepest = 0

    def see(frame: FrameType, what: str, _: object) -> None:
        nonlocal deepest
        if what != "call" or not frame.f_code.co_filename.startswith(PACKAGE):
            return
        name = frame.f_code.co_qualname
        crossed[frame.f_code.co_filename[len(PACKAGE) + 1 :]] |= set() if name.endswith(">") else {name}
        outer: FrameType | None = frame
        depth = 0
        while outer:
            depth += outer.f_code.co_filename.startswith(PACKAGE)
            outer = outer.f_back
        deepest = max(deepest, depth)

    with tempfile.TemporaryDirectory() as folder, closing(open_store(f"{folder}/g.db", create=True)) as store:
        budget = graphgrow.Budget(steps=after + 2)
        events = iter(graphgrow.grow("impact resistant materials", store, graphgrow.Scripted(replies), policy=policy,
                                     budget=budget))  # fmt: skip
        for _ in range(after):
            next(events)
        sys.setprofile(see)
        next(events)
        sys.setprofile(None)
        events.close()  # type: ignore[attr-defined]  # a generator
    return crossed, deepest


def main() -> None:
    """Print what one step passes through."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--policy", default="bandit")
    parser.add_argument("--after", type=int, default=120, help="steps before the one that is traced")
    parser.add_argument("--names", action="store_true", help="also print the functions of each file")
    given = parser.parse_args()
    crossed, deepest = trace(given.policy, given.after)
    functions = sum(map(len, crossed.values()))
    print(f"{given.policy}: {len(crossed)} files, {functions} functions, {deepest} frames deep")
    for file, names in sorted(crossed.items()) if given.names else ():
        print(f"  {file} ({len(names)}): {', '.join(sorted(names))}")


if __name__ == "__main__":
    main()
