"""Is a degree distribution a power law? Discrete maximum likelihood, and the likelihood ratio against four rivals.

Method: Clauset, Shalizi and Newman, SIAM Review 51 (2009) 661, by package `powerlaw` (Alstott, Bullmore and Plenz,
PLoS ONE 9 (2014) e85777). igraph's own fit corrects the exponent of small graphs (2.126 for the karate club, where
KONECT prints 2.161) and always computes a p-value, which takes longer than all of this.
"""

import math
import warnings
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, SupportsFloat

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

RIVALS = {
    "lr_exponential": "exponential",
    "lr_lognormal": "lognormal",
    "lr_truncated": "truncated_power_law",
    "lr_stretched": "stretched_exponential",
}
PARTS = ("raw", "normalised", "p")  # of a likelihood ratio
FITTED = ("powerlaw_alpha", "powerlaw_xmin", "powerlaw_sigma", "powerlaw_ntail", "powerlaw_ks")
FEWEST_CONCEPTS = 20  # below this an exponent says nothing
FEWEST_VALUES = 4  # the package drops the two largest as xmin and needs two candidates; with fewer it raises
ALPHA_LIMIT = 3.0  # powerlaw 2 looks for exponents in [0, 3] unless told otherwise; None lifts the upper limit
SIGNIFICANT = 0.1
_HEAD = 256  # terms of a sum that are added one by one before the rest is taken as an integral
_NEGLIGIBLE = 45.0  # e to the minus this is nothing beside the sum


def finite(value: SupportsFloat) -> float | None:
    """Return a number as a plain float, None where it is none that JSON could hold."""
    number = float(value)
    return number if math.isfinite(number) else None


def fit_tail(degrees: Sequence[int], alpha_limit: float | None = ALPHA_LIMIT) -> Any:  # noqa: ANN401  # has no types
    """Return package powerlaw's fit to the positive degrees, None where they are too few or too alike for one.

    Every xmin whose exponent would exceed `alpha_limit` is passed over.
    """
    positive = [degree for degree in degrees if degree > 0]
    if len(positive) < FEWEST_CONCEPTS or len(set(positive)) < FEWEST_VALUES:
        return None
    import powerlaw

    class TruncatedPowerLaw(powerlaw.Truncated_Power_Law):  # type: ignore[misc]  # the package has no types
        """x ** -alpha * exp(-Lambda * x) over the integers from xmin on, its normalising sum in floating point.

        The package evaluates that sum, Lerch's transcendent, to arbitrary precision: nearly all of a fit's seconds.
        """

        @property
        def _pdf_discrete_normalizer(self) -> float:
            below = lerch_sum(self.alpha, self.Lambda, self.xmax) if self.xmax else 0.0
            return 1.0 / (lerch_sum(self.alpha, self.Lambda, self.xmin) - below)

    fit = powerlaw.Fit(positive, discrete=True, verbose=False, parameter_ranges={"alpha": (0, alpha_limit)})
    fit.supported_distributions = fit.supported_distributions | {"truncated_power_law": TruncatedPowerLaw}
    return None if fit.noise_flag else fit


def power_law(degrees: Sequence[int], *, alpha_limit: float | None = ALPHA_LIMIT) -> dict[str, object]:
    """Return the fit to the degrees (zeros dropped), the ratios against its rivals, the verdict; None where undefined.

    A ratio is positive where the power law fits better; `normalised` is the ratio over its standard deviation, `p` the
    two-sided significance of its sign (Vuong's test, chi-squared for the rival that contains the power law). The panel
    keeps the package's limit on the exponent; None lifts it.
    """
    ratios: dict[str, object] = {}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"powerlaw\.|scipy\.optimize")  # results are checked below
        fit = fit_tail(degrees, alpha_limit)
        if fit is None:
            return dict.fromkeys((*FITTED, *RIVALS, "powerlaw_verdict"))
        from powerlaw.statistics import loglikelihood_ratio

        own = fit.power_law.loglikelihoods(fit.data)
        for name, rival in RIVALS.items():
            theirs, nested = getattr(fit, rival).loglikelihoods(fit.data), rival == "truncated_power_law"
            raw, p = loglikelihood_ratio(own, theirs, nested=nested)
            normalised, _ = loglikelihood_ratio(own, theirs, nested=nested, normalized_ratio=True)
            ratios[name] = {"raw": finite(raw), "normalised": finite(normalised), "p": finite(p)}
    values = finite(fit.alpha), finite(fit.xmin), finite(fit.sigma), int(fit.n_tail), finite(fit.D)
    return {**dict(zip(FITTED, values, strict=True)), **ratios, "powerlaw_verdict": verdict(ratios)}


def verdict(ratios: dict[str, Any]) -> str:
    """Return "power law", "lognormal" or "undecided" from the comparison of the two, at p < 0.1."""
    against = ratios["lr_lognormal"]
    if not against or against["p"] is None or against["p"] >= SIGNIFICANT or not against["raw"]:
        return "undecided"
    return "power law" if against["raw"] > 0 else "lognormal"


def lerch_sum(exponent: float, rate: float, start: float) -> float:
    """Return the sum of k ** -exponent * exp(-rate * k) over k = start, start + 1, ... to about 12 digits.

    Terms up to a bound, then Euler and Maclaurin's formula: an integral and three corrections at the bound.
    Needs rate > 0, or exponent > 1.
    """
    head = start + np.arange(_HEAD)
    bound = start + _HEAD
    last = bound**-exponent * math.exp(-rate * bound)
    slope = exponent / bound + rate
    third = slope**3 + 3 * exponent / bound**2 * slope + 2 * exponent / bound**3
    corrections = last * (0.5 + slope / 12 - third / 720)
    integral = 0.0
    if rate * bound < _NEGLIGIBLE:  # over t = ln(x / bound), where the function is smooth
        ends = [math.log(_NEGLIGIBLE / (rate * bound))] if rate > 0 else []
        ends += [_NEGLIGIBLE / (exponent - 1)] if exponent > 1 else []
        nodes, weights = gauss_legendre()
        t = (nodes + 1) * min(ends) / 2
        values = np.exp((1 - exponent) * t - rate * bound * np.exp(t))
        integral = float(bound ** (1 - exponent) * np.sum(weights * values) * min(ends) / 2)
    return float(np.sum(head**-exponent * np.exp(-rate * head)) + integral + corrections)


@cache
def gauss_legendre() -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
    """Return nodes and weights of the quadrature, which take longer to find than to use."""
    nodes, weights = np.polynomial.legendre.leggauss(160)
    return nodes, weights
