"""The degree distribution as it is drawn: the share of concepts with at least so many neighbours, and the fits to it.

Method of the fits: `graphgrow.measure.fits`; each is scaled to the share of concepts in the tail that it was fitted to.
"""

import warnings
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from graphgrow.measure.power_law import ALPHA_LIMIT, FEWEST_CONCEPTS, FEWEST_VALUES

MODELS = {"power law": "power_law", "lognormal": "lognormal", "exponential": "exponential"}
Rows = list[dict[str, Any]]


def distribution(degrees: Sequence[int]) -> Rows:
    """Return degree, concepts that have it, share of connected concepts that have it or more; ascending."""
    counts = sorted(Counter(degree for degree in degrees if degree).items())
    total = sum(count for _, count in counts)
    left = [total, *(total - before for before in accumulate(count for _, count in counts))]
    return [
        {"degree": degree, "concepts": count, "share": rest / total}
        for (degree, count), rest in zip(counts, left, strict=False)
    ]


def fits(degrees: Sequence[int]) -> Rows:
    """Return degree, model, expected share of connected concepts with that degree or more, over the fitted tail."""
    positive = [degree for degree in degrees if degree]
    if len(positive) < FEWEST_CONCEPTS or len(set(positive)) < FEWEST_VALUES:
        return []
    import numpy as np
    import powerlaw

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fit that fails has no finite share, and is left out below
        fit = powerlaw.Fit(positive, discrete=True, verbose=False, parameter_ranges={"alpha": (0, ALPHA_LIMIT)})
        if fit.noise_flag:
            return []
        tail = np.arange(int(fit.xmin), max(positive) + 1)
        scale = int(fit.n_tail) / len(positive)
        chances = {name: np.exp(getattr(fit, own).loglikelihoods(tail)) for name, own in MODELS.items()}
    shown = sorted({int(degree) for degree in np.geomspace(tail[0], tail[-1], 40).round()})
    return [
        {"degree": degree, "model": name, "share": float(scale * (1 - chance[: degree - tail[0]].sum()))}
        for name, chance in chances.items()
        if np.isfinite(chance).all()
        for degree in shown
    ]
