"""Markdown tables of policies: means and 95 % intervals over runs, ratios, and how far two rankings agree."""

import statistics
from collections.abc import Iterator, Mapping, Sequence

from trial import Run, interval

Runs = Mapping[str, Sequence[Run]]  # policy -> its runs
Columns = Mapping[str, tuple[str, int]]  # figure -> (heading, digits); a heading with a % shows a share in percent
FEWEST = 3  # policies; with two, their order either agrees or does not


def table(runs: Runs, columns: Columns, best_by: str) -> Iterator[str]:
    """Yield the lines of a Markdown table, policy by policy, best first."""
    headings = [heading for heading, _ in columns.values()]
    yield f"| policy | {' | '.join(headings)} |"
    yield f"|---|{'---:|' * len(headings)}"
    for policy in sorted(runs, key=lambda policy: -mean(runs[policy], best_by)):
        yield f"| {policy} | {' | '.join(_cell(runs[policy], name, *columns[name]) for name in columns)} |"


def mean(runs: Sequence[Run], name: str) -> float:
    """Return the mean of a figure."""
    return statistics.mean(run[name] for run in runs)


def _cell(runs: Sequence[Run], name: str, heading: str, digits: int) -> str:
    factor = 100 if "%" in heading else 1
    values = [factor * run[name] for run in runs]
    half = interval(values)
    return f"{statistics.mean(values):,.{digits}f}" + (f" ± {half:.{digits}f}" if half else "")


def ratios(runs: Runs, rules: Sequence[str], names: Mapping[str, str]) -> Iterator[str]:
    """Yield a table of each policy's means divided by those of each rule and of the best rule; `names` are figures."""
    there = [rule for rule in rules if rule in runs]
    if not there:
        return
    best = {name: max(there, key=lambda rule: mean(runs[rule], name)) for name in names}
    against = [(name, rule) for name in names for rule in dict.fromkeys((there[0], best[name]))]
    yield f"| policy | {' | '.join(f'{names[name]} / {rule}' for name, rule in against)} |"
    yield f"|---|{'---:|' * len(against)}"
    for policy in sorted(runs, key=lambda policy: -mean(runs[policy], next(iter(names)))):
        cells = (_ratio(mean(runs[policy], name), mean(runs[rule], name)) for name, rule in against)
        yield f"| {policy} | {' | '.join(cells)} |"


def _ratio(one: float, other: float) -> str:
    return f"{one / other:.2f}" if other else "-"


def agreement(one: Mapping[str, float], other: Mapping[str, float]) -> str:
    """Return in words how far two rankings agree about the policies that both have, by Spearman's rho."""
    from scipy.stats import spearmanr

    both = [policy for policy in one if policy in other]
    if len(both) < FEWEST:
        return f"only {len(both)} policies are in both"
    rho = spearmanr([one[policy] for policy in both], [other[policy] for policy in both]).statistic
    return f"Spearman's rho {rho:.2f} over {len(both)} policies"
