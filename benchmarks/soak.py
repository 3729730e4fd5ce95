"""Everything at once on one graph, with many failures, for some minutes: is anything lost, doubled or piled up?

    python benchmarks/soak.py [--minutes 1] [--seed 0] [--store URL]

Growth, the daemon of batch jobs, corrections by hand, exports and an explorer whose page is requested all work on one
graph. Meanwhile, at times drawn by the seed, growth and the daemon are ended by kill -9 and started again, the endpoint
refuses everything for a while, and the disk with the graph and the waiting replies fills up (a small file system in
memory; where none can be mounted, which takes root on Linux, this is left out, with a note). At the end the failures
stop, what waits is committed, and the program prints what was done and whether it held: answers that never came into
the log though no kill was near, what is there twice, acknowledged corrections that are missing, what `verify` finds,
and the memory and open files of the explorer and of this process at a quarter of the time and at the end. With
`--store neo4j://HOST` the graph is in Neo4j. This is not part of the package.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from signal import SIGTERM

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "ui"), str(Path(__file__).parent)]

import kills  # noqa: E402 - found beside this file
from graphgrow_explorer.guard import COOKIE  # noqa: E402

from graphgrow.graph.model import Edit  # noqa: E402
from graphgrow.stores import open_store  # noqa: E402
from graphgrow.stores.verifying import verify  # noqa: E402
from tests.explorers import Explorer, exploring  # noqa: E402
from tests.processes import ended  # noqa: E402
from tests.servers import PATIENCE, Answer, Asked, serving  # noqa: E402

SMALL = "48m"  # size of the disk that fills up
MEGABYTE = 1 << 20
JOBS = """
[[job]]
name = "daemon"
topic = "spider silk"
store = "{store}"
llm = "{model}"
schedule = {{ every = "5s" }}
run = {{ steps = 5 }}
"""


@dataclass
class Flapping(kills.Model):
    """A model whose endpoint refuses everything while it `is_ill`."""

    is_ill: bool = False
    refused: int = 0

    def __call__(self, asked: Asked) -> Answer:
        """Answer one request, or refuse it in one of the ways in which endpoints do."""
        if self.is_ill:
            self.refused += 1
            page = Answer("<html>Bad gateway</html>", 200, {"Content-Type": "text/html"})
            return (Answer({}, 503), Answer({}, 429, {"Retry-After": "1"}), page)[self.refused % 3]
        return super().__call__(asked)


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Mount a small file system on a folder, and tell whether that succeeded."""
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(words, check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        mounted = False
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


@dataclass(frozen=True, slots=True)
class Use:
    """What a process uses: resident memory in megabytes, open files."""

    memory: float
    files: int


def use(pid: int) -> Use:
    """Return what a process uses now, by /proc."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return Use(pages * os.sysconf("SC_PAGE_SIZE") / MEGABYTE, len(list(Path(f"/proc/{pid}/fd").iterdir())))


@dataclass
class Soak:
    """One soak: its workers, each in a thread of its own, and what was counted; `problems` are sentences."""

    folder: Path
    url: str
    model: Flapping
    base_url: str
    rng: random.Random
    done: Counter[str] = field(default_factory=Counter)
    killed: dict[str, float] = field(default_factory=dict)  # key of a process -> when it was killed
    acknowledged: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)
    is_full: threading.Event = field(default_factory=threading.Event)
    fills: int = 0  # how often the disk was filled so far
    alive: dict[str, tuple[BaseProcess, str]] = field(default_factory=dict)  # each process with its key

    def keep_running(self, name: str, *words: str) -> None:
        """Start a command again whenever it ends."""
        while not self.is_over.is_set():
            self.done[f"{name}: starts"] += 1
            key = f"{name}-{self.done[f'{name}: starts']}"
            process = kills.start(words, self.folder, self.base_url, key)
            self.alive[name] = process, key
            while process.is_alive() and not self.is_over.is_set():
                process.join(0.2)
            if process.is_alive():  # ended politely: it waits for what is under way, and saves it
                process.terminate()
                process.join(PATIENCE)
            if process.is_alive():
                self.problems.append(f"{key} does not end")
                process.kill()
            elif (code := process.exitcode or 0) < 0 and code != -SIGTERM and key not in self.killed:
                self.problems.append(f"{key} was ended by signal {-code}")  # SIGTERM: killed before it began

    def command(self, name: str, *words: str) -> bool:
        """Run a command to its end, and tell whether it succeeded; a failure counts only while the disk has room."""
        was_full, before = self.is_full.is_set(), self.fills
        process = kills.start(words, self.folder, self.base_url)
        ended(process)
        self.done[name] += 1
        if process.exitcode and not was_full and self.fills == before:  # the disk may have been full for half a second
            self.problems.append(f"{' '.join(words)}: exit code {process.exitcode}")
        return process.exitcode == 0

    def correct(self) -> None:
        """Add relations by hand, one after the other."""
        for number in range(1, 1 << 30):
            if self.is_over.wait(0.5):
                return
            name = f"hand {number}"
            if self.command("corrections", "add", self.url, "spider silk", "is held by", name):
                self.acknowledged.append(name)

    def export(self) -> None:
        """Export the graph, and check that the file is whole."""
        while not self.is_over.wait(1.0):
            out = self.folder / "out.json"
            if self.command("exports", "export", self.url, str(out)):
                json.loads(out.read_text())

    def look(self, explorer: Explorer) -> None:
        """Ask for the explorer's page, with its script and its health."""
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        headers = {"Cookie": f"{COOKIE}={explorer.token}"}
        while not self.is_over.wait(0.3):
            for path in ("", "_stcore/health", "_stcore/host-config"):
                request = urllib.request.Request(explorer.base + path, headers=headers)  # noqa: S310 - our own server
                with opener.open(request, timeout=60) as answer:
                    answer.read()
                self.done["explorer: requests"] += 1

    def harm(self, disk: Path | None) -> None:
        """Do harm, as the seed decides, until the soak is over."""
        while not self.is_over.wait(self.rng.uniform(1, 3)):
            what = self.rng.choice(["growth", "daemon", "endpoint", "disk"])
            if what in {"growth", "daemon"}:
                process, key = self.alive.get(what, (None, ""))
                if process and process.is_alive():
                    self.killed[key] = time.time()
                    process.kill()
                    self.done[f"{what}: kills"] += 1
            elif what == "endpoint":
                self.model.is_ill = True
                self.is_over.wait(self.rng.uniform(0.5, 3))
                self.model.is_ill = False
                self.done["endpoint: refused for a while"] += 1
            elif disk:
                self.is_full.set()
                self.fills += 1
                with (disk / "filler").open("wb", buffering=0) as filler, suppress(OSError):
                    while True:
                        filler.write(bytes(4096))
                self.is_over.wait(self.rng.uniform(0.5, 3))
                (disk / "filler").unlink()
                self.is_full.clear()
                self.done["disk: full for a while"] += 1

    def in_thread(self, work: Callable[..., None], *args: object) -> threading.Thread:
        """Start something in a thread; an error that it raises is recorded as a problem."""

        def guarded() -> None:
            try:
                work(*args)
            except (OSError, ValueError) as error:  # TimeoutError too, from a command that does not end
                self.problems.append(f"{work.__name__}: {error}")

        thread = threading.Thread(target=guarded)
        thread.start()
        return thread


def soak(folder: Path, seconds: float, seed: int, url: str = "") -> tuple[Soak, list[str]]:
    """Let everything run on one graph for some seconds; return what was done, and what is used, in sentences."""
    model, lines = Flapping(seed=seed), list[str]()
    with small_disk(folder / "small") as is_small, serving(model) as endpoint:
        if not is_small:
            lines.append("no small file system can be mounted here: the disk was never full")
        (folder / "small" / "state").mkdir()
        (folder / "state").symlink_to(folder / "small" / "state")
        url = url or f"sqlite:{folder / 'small' / 'g.db'}"
        one = Soak(folder, url, model, endpoint.base_url, random.Random(seed))
        jobs = JOBS.format(store=url, model=kills.MODEL)
        (folder / "jobs.toml").write_text(jobs)
        grow = ("grow", "spider silk", "--store", url, "--llm", kills.MODEL, "--width", "4", "--steps")
        one.command("first run", *grow, "3")
        with exploring(folder, url) as explorer:
            works = [
                one.in_thread(one.keep_running, "growth", *grow, "100000"),
                one.in_thread(one.keep_running, "daemon", "batch", "serve", "jobs.toml"),
                one.in_thread(one.correct), one.in_thread(one.export), one.in_thread(one.look, explorer),
                one.in_thread(one.harm, folder / "small" if is_small else None),
            ]  # fmt: skip
            time.sleep(seconds / 4)
            before = {name: use(pid) for name, pid in (("explorer", explorer.pid), ("endpoint", os.getpid()))}
            time.sleep(seconds * 3 / 4)
            one.is_over.set()
            for work in works:
                work.join()
            for name, pid in (("explorer", explorer.pid), ("endpoint", os.getpid())):
                was, now = before[name], use(pid)
                lines.append(
                    f"{name}: {was.memory:.0f} MB and {was.files} open files at a quarter, {now.memory:.0f} MB and"
                    f" {now.files} at the end"
                )
        one.command("last run", *grow, "1")
        one.problems += found(one)
    return one, lines


def found(one: Soak) -> Iterator[str]:
    """Yield what is wrong with the graph after the soak, a sentence each."""
    with closing(open_store(one.url)) as store:
        yield from verify(store).problems
        events = list(store.events())
    log = [event for event in kills.paid(one.url) if kills.number_of(event)]  # else a page was sent, not a reply
    numbers = [kills.number_of(event) for event in log]
    lost = one.model.answered.keys() - set(numbers)
    for number in lost:
        killed = one.killed.get(one.model.keys[number])
        if killed is None or one.model.answered[number] < killed - 5 * kills.AT_RISK:
            when = "" if killed is None else f", {killed - one.model.answered[number]:.1f} s before it was killed"
            yield f"reply {number} is lost, of {one.model.keys[number]}{when}"
    if many := kills.repeated(numbers):
        yield f"{many} replies stand in the log twice"
    if many := kills.repeated([kills.question_of(event) for event in log]):
        yield f"{many} questions were asked twice"
    hands = Counter(concept.name for event in events if isinstance(event, Edit) for concept in event.delta.concepts)
    for name in one.acknowledged:
        if hands[name] != 1:
            yield f"the correction {name!r} is there {hands[name]} times"


def main() -> None:
    """Soak and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--store", default="", help="a Neo4j server; else a SQLite file that is thrown away")
    given = parser.parse_args()
    mark = "&" if "?" in given.store else "?"
    url = f"{given.store}{mark}graph=soak-{os.getpid()}" if given.store else ""
    with tempfile.TemporaryDirectory() as folder:
        one, lines = soak(Path(folder), given.minutes * 60, given.seed, url)
        said = (Path(folder) / "said").read_text(errors="replace")
    for name, count in sorted(one.done.items()):
        print(f"{name}: {count}")
    print(f"answers: {len(one.model.answered)}, corrections that hold: {len(one.acknowledged)}")
    print("\n".join(lines))
    problems = [*one.problems, *(["a traceback was printed"] if "Traceback" in said else [])]
    print("\n".join(problems) or "nothing lost, nothing doubled, verify: equal")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
