"""What comes of a run at each of many scripted endpoints that misbehave: outcome, tokens paid, relations, last words.

    python benchmarks/endpoints.py FILE [NAME ...] [--steps 10] [--policy knowledge] [--fact-check 0.75]
                                   [--patience 10] [--timeout 180]

FILE is a Python module with `serve(name)`, which returns the address of an endpoint, what it has kept and a function
that stops it, and `Q`, the functions that answer, by the names of the endpoints: body of a request in, body of the
answer out. Each run has its own store and its own memory of endpoints. `served` is the number of tokens on the bills
that the endpoint sent, "-" where it sent a reply without one: what was paid must equal it. This is not part of the
package.
"""

import argparse
import importlib.util
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from graphgrow import open_llm
from graphgrow.api.options import GrowthOptions, grow
from graphgrow.errors import GraphgrowError
from graphgrow.graph.model import Edit
from graphgrow.stores import open_store

KEY = "sk-0123456789-secret-of-nobody"
TOPIC = "spider silk"


@dataclass(frozen=True, slots=True)
class Row:
    """What came of a run at one endpoint."""

    name: str
    ending: str
    paid: int
    served: int | None
    relations: int
    outcomes: Mapping[str, int]
    said: str
    drafts: int


def scripted(path: Path) -> ModuleType:
    """Return the module with the endpoints."""
    spec = importlib.util.spec_from_file_location("scripted_endpoints", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} is no Python module")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def billed(body: object) -> int | None:
    """Return the tokens on the bill of an answer, thinking included; None for a reply without one."""
    usage: Any = body.get("usage") if isinstance(body, dict) else None
    if not isinstance(usage, dict):
        return None
    return max(int(usage.get("total_tokens") or 0), int(usage["prompt_tokens"] + usage["completion_tokens"]))


@contextmanager
def serving(module: ModuleType, name: str, bills: list[int | None]) -> Iterator[str]:
    """Serve an endpoint, and keep the bill of every answer that it sends."""
    answer: Callable[..., object] = module.Q[name]

    def counted(state: object, path: str, body: object, headers: object) -> object:
        try:
            sent = answer(state, path, body, headers)
        except Exception as other:  # its way to send anything but a completion
            if getattr(other, "status", 0) == 200 and "choices" in str(getattr(other, "body", "")):  # noqa: PLR2004
                bills.append(None)
            raise
        if isinstance(sent, dict) and "choices" in sent:
            bills.append(billed(sent))
        return sent

    module.Q[name] = counted
    try:
        url, _, stop = module.serve(name)
        yield f"{url}/v1"
        stop()
        stop.__self__.server_close()  # it is the server's own method, and leaves the port open
    finally:
        module.Q[name] = answer


def trial(module: ModuleType, name: str, folder: Path, options: GrowthOptions, **manners: Any) -> Row:  # noqa: ANN401
    """Return what comes of a run at one endpoint; where no model is named it takes the one that the endpoint lists."""
    bills: list[int | None] = []
    ending = said = ""
    with serving(module, name, bills) as base_url, closing(open_store(str(folder / "run.db"), create=True)) as store:
        try:
            model = None if "list" in name and "404" not in name else "x"
            with closing(
                open_llm(model, base_url, env={"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": base_url}, **manners)
            ) as llm:
                growth = grow(TOPIC, store, llm, options).run()
                ending, said = growth.ending, growth.last_reason
        except GraphgrowError as error:
            ending, said = type(error).__name__, str(error)
        graph = store.graph()
        events = [event for event in store.events() if not isinstance(event, Edit)]
    return Row(
        name,
        ending,
        graph.bill.tokens,
        None if None in bills else sum(filter(None, bills)),
        len(graph.relations),
        Counter(f"{event.kind} {event.outcome}" for event in events),
        said,
        sum("draft" in key for key in graph.concepts),
    )


def main() -> None:
    """Print a line per endpoint."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--policy", default="knowledge")
    parser.add_argument("--fact-check", type=float, default=0.75)
    parser.add_argument("--patience", type=float, default=10)
    parser.add_argument("--timeout", type=float, default=180)
    asked = parser.parse_args()
    module = scripted(asked.file)
    options = GrowthOptions(steps=asked.steps, policy=asked.policy, fact_check=asked.fact_check)
    print(f"{'endpoint':<30} {'ended':<15} {'paid':>6} {'served':>6} {'relations':>9}  a 1,000 tokens")
    for name in asked.names or list(module.Q):
        with tempfile.TemporaryDirectory() as folder:
            os.environ["XDG_STATE_HOME"] = str(Path(folder, "state"))
            row = trial(module, name, Path(folder), options, patience=asked.patience, timeout=asked.timeout)
        served = "-" if row.served is None else row.served
        rate = f"{1000 * row.relations / row.paid:.1f}" if row.paid else "-"
        outcomes = ", ".join(f"{kind}: {count}" for kind, count in row.outcomes.items())
        print(f"{name:<30} {row.ending:<15} {row.paid:>6} {served:>6} {row.relations:>9}  {rate:<5} {outcomes}")
        if row.said:
            print(f"    {row.said}")


if __name__ == "__main__":
    main()
