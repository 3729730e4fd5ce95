"""Is a degree distribution a power law? Discrete maximum likelihood, and the likelihood ratio against four rivals.

Method: Clauset, Shalizi and Newman, SIAM Review 51 (2009) 661, by package `powerlaw` (Alstott, Bullmore and Plenz,
PLoS ONE 9 (2014) e85777).
"""

import math
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, SupportsFloat

if TYPE_CHECKING:
    import numpy as np
    import powerlaw
    from numpy.typing import NDArray

RIVALS = {
    "lr_exponential": "exponential",
    "lr_lognormal": "lognormal",
    "lr_truncated": "truncated_power_law",
    "lr_stretched": "stretched_exponential",
}
FITTED = ("powerlaw_alpha", "powerlaw_xmin", "powerlaw_sigma", "powerlaw_ntail", "powerlaw_ks")
# Below this an exponent says nothing.
FEWEST_CONCEPTS = 20
# The package drops the two largest values as xmin and needs two candidates; with fewer it raises.
FEWEST_VALUES = 4
# powerlaw 2 looks for exponents in [0, 3] unless told otherwise; None lifts the upper limit.
ALPHA_LIMIT = 3.0
SIGNIFICANT = 0.1


def finite(value: SupportsFloat) -> float | None:
    """Return a number as a plain float, None where it is none that JSON could hold."""
    number = float(value)
    return number if math.isfinite(number) else None


def power_law(degrees: Sequence[int], *, alpha_limit: float | None = ALPHA_LIMIT) -> dict[str, object]:
    """Return the fit to the degrees (zeros dropped), the ratios against its rivals, the verdict; None where undefined.

    A ratio is positive where the power law fits better; `normalised` is it over its standard deviation, `p` the
    two-sided significance of its sign. Every xmin whose exponent would exceed `alpha_limit` is passed over.
    """
    positive = [degree for degree in degrees if degree > 0]
    nothing: dict[str, object] = dict.fromkeys((*FITTED, *RIVALS, "powerlaw_verdict"))
    if len(positive) < FEWEST_CONCEPTS or len(set(positive)) < FEWEST_VALUES:
        return nothing
    import powerlaw

    from graphgrow.measure.truncated import TruncatedPowerLaw

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"powerlaw\.|scipy\.optimize")  # results are checked below
        fit = powerlaw.Fit(positive, discrete=True, verbose=False, parameter_ranges={"alpha": (0, alpha_limit)})
        if fit.noise_flag:
            return nothing
        fit.supported_distributions = fit.supported_distributions | {"truncated_power_law": TruncatedPowerLaw}
        own = fit.power_law.loglikelihoods(fit.data)
        ratios: dict[str, object] = {name: _ratio(fit, own, rival) for name, rival in RIVALS.items()}
    values = finite(fit.alpha), finite(fit.xmin), finite(fit.sigma), int(fit.n_tail), finite(fit.D)
    return {**dict(zip(FITTED, values, strict=True)), **ratios, "powerlaw_verdict": verdict(ratios)}


def _ratio(fit: "powerlaw.Fit", own: "NDArray[np.float64]", rival: str) -> dict[str, float | None]:
    """Return the likelihood ratio against one rival, fitted once; Vuong's test, or chi-squared for the nested one."""
    from powerlaw.statistics import loglikelihood_ratio

    theirs = getattr(fit, rival).loglikelihoods(fit.data)
    nested = rival == "truncated_power_law"
    raw, p = loglikelihood_ratio(own, theirs, nested=nested)
    normalised, _ = loglikelihood_ratio(own, theirs, nested=nested, normalized_ratio=True)
    return {"raw": finite(raw), "normalised": finite(normalised), "p": finite(p)}


def verdict(ratios: dict[str, Any]) -> str:
    """Return "power law", "lognormal" or "undecided" from the comparison of the two, at p < 0.1."""
    against = ratios["lr_lognormal"]
    if not against or against["p"] is None or against["p"] >= SIGNIFICANT or not against["raw"]:
        return "undecided"
    return "power law" if against["raw"] > 0 else "lognormal"
