"""Is a degree distribution a power law? Discrete maximum likelihood, and the likelihood ratio against four rivals.

Method: Clauset, Shalizi and Newman, SIAM Review 51 (2009) 661, by package `powerlaw` (Alstott, Bullmore and Plenz,
PLoS ONE 9 (2014) e85777). igraph's own fit corrects the exponent of small graphs (2.126 for the karate club, where
KONECT prints 2.161) and always computes a p-value, which takes longer than all of this.
"""

import math
import warnings
from collections.abc import Mapping, Sequence
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
# Concepts; a rule of thumb of the method's source, below which a tail tells little about its shape.
SHORT_TAIL = 50
_LEAST_P = 0.005  # what would be printed as .00


def finite(value: SupportsFloat) -> float | None:
    """Return a number as a plain float, None where it is none that JSON could hold."""
    number = float(value)
    return number if math.isfinite(number) else None


def power_law(degrees: Sequence[int], *, alpha_limit: float | None = ALPHA_LIMIT) -> dict[str, object]:
    """Return the fit to the degrees (zeros dropped), the ratios against its rivals, the verdict; None where undefined.

    A ratio is positive where the power law fits better; `normalised` is it over its standard deviation, `p` the
    two-sided significance of its sign. Every xmin whose exponent would exceed `alpha_limit` is passed over; the panel
    keeps the package's limit, `both_limits` has the fit without one beside it.
    """
    positive = [degree for degree in degrees if degree > 0]
    nothing: dict[str, object] = dict.fromkeys((*FITTED, *RIVALS, "powerlaw_verdict"))
    if _too_few(positive):
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


def both_limits(degrees: Sequence[int]) -> tuple[dict[str, object], dict[str, object]]:
    """Return the fit with exponents up to ALPHA_LIMIT, which is the panel's, and the fit with that limit lifted."""
    return power_law(degrees), power_law(degrees, alpha_limit=None)


def sentence(fit: Mapping[str, Any], degrees: Sequence[int]) -> str:
    """Return in plain English what a fit by `power_law` says about the degrees it was made from.

    R is the normalised log-likelihood ratio of power law to lognormal, p the significance of its sign.
    """
    positive = [degree for degree in degrees if degree > 0]
    if few := _too_few(positive):
        return f"Too few for a verdict: {few}."
    if fit["powerlaw_alpha"] is None:
        return f"No power law within the limit on its exponent fits the degrees of {len(positive)} related concepts."
    tail = (
        f"the tail of {fit['powerlaw_ntail']} of {len(positive)} related concepts (degree {fit['powerlaw_xmin']:g} up)"
    )
    law, odds = f"a power law of exponent {_exponent(fit)}", _odds(fit["lr_lognormal"])
    said = {
        "power law": f"{law[0].upper()}{law[1:]} fits {tail} better than a lognormal {odds}.",
        "lognormal": f"A lognormal fits {tail} better than {law} {odds}.",
        "undecided": f"Undecided: {tail} does not tell {law} from a lognormal {odds}.",
    }[fit["powerlaw_verdict"]]
    return f"{said} So short a tail says little." if fit["powerlaw_ntail"] < SHORT_TAIL else said


def _too_few(positive: Sequence[int]) -> str:
    """Return what is missing for a fit of positive degrees; nothing where nothing is."""
    if len(positive) < FEWEST_CONCEPTS:
        return f"{len(positive)} related concepts, where {FEWEST_CONCEPTS} are needed"
    values = len(set(positive))
    return f"{values} different degrees, where {FEWEST_VALUES} are needed" if values < FEWEST_VALUES else ""


def _exponent(fit: Mapping[str, Any]) -> str:
    """Return the exponent and its standard error, both to the first digit of the error."""
    alpha, error = fit["powerlaw_alpha"], fit["powerlaw_sigma"]
    if not error or error < 0:  # an exponent below 1 has none
        return f"{alpha:.1f}"
    digits = max(0, -math.floor(math.log10(error)))
    return f"{alpha:.{digits}f} ± {error:.{digits}f}"


def _odds(ratio: Mapping[str, float | None]) -> str:
    """Return R and p in brackets, p to two digits and without its leading zero."""
    r, p = ratio["normalised"], ratio["p"]
    if r is None or p is None:
        return "(the two could not be compared)"
    significance = "p < .01" if p < _LEAST_P else f"p = {p:.2f}".replace("0.", ".")
    return f"(R = {round(r, 1) + 0.0:.1f}, {significance})"  # + 0.0: no minus before a zero
