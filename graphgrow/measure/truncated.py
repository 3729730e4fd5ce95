"""The truncated power law of package `powerlaw` with its normalising sum in floating point.

The package evaluates that sum, Lerch's transcendent, to arbitrary precision, which takes nearly all of a fit's seconds.
"""

import math
from functools import cache

import numpy as np
import powerlaw
from numpy.typing import NDArray

_HEAD = 256  # terms added one by one before the rest is taken as an integral
_NEGLIGIBLE = 45.0  # e to the minus this is nothing beside the sum


class TruncatedPowerLaw(powerlaw.Truncated_Power_Law):  # type: ignore[misc]  # the package has no types
    """x ** -alpha * exp(-Lambda * x) over the integers from xmin on."""

    @property
    def _pdf_discrete_normalizer(self) -> float:
        below = lerch_sum(self.alpha, self.Lambda, self.xmax) if self.xmax else 0.0
        return 1.0 / (lerch_sum(self.alpha, self.Lambda, self.xmin) - below)


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
    return float(np.sum(head**-exponent * np.exp(-rate * head)) + _integral(exponent, rate, bound) + corrections)


def _integral(exponent: float, rate: float, bound: float) -> float:
    """Return the integral of the same function from `bound` on, over t = ln(x / bound), where it is smooth."""
    if rate * bound >= _NEGLIGIBLE:
        return 0.0
    ends = [math.log(_NEGLIGIBLE / (rate * bound))] if rate > 0 else []
    ends += [_NEGLIGIBLE / (exponent - 1)] if exponent > 1 else []
    nodes, weights = _gauss_legendre()
    t = (nodes + 1) * min(ends) / 2
    values = np.exp((1 - exponent) * t - rate * bound * np.exp(t))
    return float(bound ** (1 - exponent) * np.sum(weights * values) * min(ends) / 2)


@cache
def _gauss_legendre() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    nodes, weights = np.polynomial.legendre.leggauss(160)
    return nodes, weights
