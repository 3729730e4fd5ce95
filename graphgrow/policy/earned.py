"""What each strategy and each wording has earned in a run, and how often the bandit would choose it now."""

from collections import Counter
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from graphgrow.graph.graph import Graph
from graphgrow.policy.arms import Arms
from graphgrow.policy.bandit import Bandit
from graphgrow.policy.gains import Gain, gains
from graphgrow.policy.monitor import avoid
from graphgrow.prompts.render import kind

Row = dict[str, object]
OURS = "(ours)"


def strategies(graph: Graph) -> list[Row]:
    """Return a row a strategy, what would be chosen most often first.

    A row holds `name`, the counts `questions`, `concepts`, `bridges`, `waste` and `tokens` over the whole run, `gain`
    per 1,000 tokens (newer questions weigh more; None where nothing is known) and `share`, from 0 to 1: what the run
    turns away from (watch.py) has none of it.
    """
    chosen = [(one.strategy, one) for one in gains(graph, None)]
    return list(_rows(Bandit().strategies(gains(graph)), chosen, avoid(graph)))


def wordings(graph: Graph) -> list[Row]:
    """Return the same for the wordings of every kind of question that was asked in more than one."""
    accounts, recent = gains(graph, None), gains(graph)
    used = Counter((kind(one.angle), one.variant) for one in accounts)
    found = []
    for of in sorted({of for of, variant in used if variant}):
        names = tuple(sorted(variant for kind_of, variant in used if kind_of == of and variant))
        chosen = [(one.variant, one) for one in accounts if kind(one.angle) == of]
        known = Bandit({of: names}).wordings(of, recent)
        found += [{**row, "name": f"{of}: {row['name']}"} for row in _rows(known, chosen)]
    return found


def _rows(known: Arms, chosen: list[tuple[str, Gain]], avoided: AbstractSet[str] = frozenset()) -> Iterator[Row]:
    """Yield what was chosen over the whole run and what is expected now, what would be chosen most often first."""
    shares = known.shares(avoided)
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
