"""The fit of a degree distribution against package powerlaw, mpmath, and degrees that are too few for one."""

import random

import networkx as nx
import powerlaw
import pytest

from graphgrow.graph.events import read_events
from graphgrow.graph.graph import fold
from graphgrow.measure.power_law import RIVALS, lerch_sum, power_law, verdict
from tests.conftest import RECORDED


def test_a_lognormal_tail_is_not_called_a_power_law() -> None:
    """The verdict follows the ratio against the lognormal, and only where it is significant."""
    assert verdict({"lr_lognormal": {"raw": -9.0, "normalised": -3.0, "p": 0.001}}) == "lognormal"
    assert verdict({"lr_lognormal": {"raw": 9.0, "normalised": 3.0, "p": 0.001}}) == "power law"
    assert verdict({"lr_lognormal": {"raw": -9.0, "normalised": -3.0, "p": 0.4}}) == "undecided"


@pytest.mark.parametrize("degrees", [[], [0, 0], [1], [3, 3, 3], list(range(1, 20)), [1, 2, 3] * 9])
def test_too_few_degrees_are_not_fitted(degrees: list[int]) -> None:
    """Fewer than twenty concepts or four different degrees leave the package no exponent to choose."""
    assert set(power_law(degrees).values()) == {None}


@pytest.mark.slow
def test_exponents_above_three_need_the_limit_lifted() -> None:
    """Package powerlaw 2 refuses exponents above 3 unless told otherwise, even where that is the answer."""
    drawn = random.Random(1)
    degrees = [int(3 * drawn.paretovariate(2.5)) for _ in range(2000)]
    limited, free = (power_law(degrees, alpha_limit=limit)["powerlaw_alpha"] for limit in (3.0, None))
    assert limited is None
    assert float(str(free)) == pytest.approx(3.23, abs=0.01)


def test_a_real_tail_is_undecided_under_both_limits() -> None:
    """The recorded run, under the panel's limit and without it: the same exponent below 3, and no verdict."""
    degrees = fold(read_events(RECORDED)).igraph().degree()
    assert len([degree for degree in degrees if degree]) == 561
    limited, lifted = power_law(degrees), power_law(degrees, alpha_limit=None)
    assert limited["powerlaw_alpha"] == pytest.approx(lifted["powerlaw_alpha"], abs=1e-4)
    for found in (limited, lifted):
        assert found["powerlaw_verdict"] == "undecided"
        assert (found["powerlaw_ntail"], found["powerlaw_xmin"]) == (91, 6)
        assert found["powerlaw_alpha"] == pytest.approx(2.8, abs=0.05)
        assert found["powerlaw_sigma"] == pytest.approx(0.2, abs=0.05)
        against = found["lr_lognormal"]
        assert isinstance(against, dict)
        assert against["normalised"] == pytest.approx(-0.1, abs=0.05)
        assert against["p"] == pytest.approx(0.94, abs=0.005)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_ratios_are_those_of_the_package() -> None:
    """Fitting each rival once gives what distribution_compare gives by fitting it four times."""
    degrees = [degree for _, degree in nx.karate_club_graph().degree()]
    fit, row = powerlaw.Fit(degrees, discrete=True, verbose=False), power_law(degrees)
    for name in ("lr_exponential", "lr_lognormal"):
        raw, p = fit.distribution_compare("power_law", RIVALS[name])
        assert row[name] == pytest.approx({"raw": raw, "p": p, "normalised": row[name]["normalised"]})  # type: ignore[index]


def test_the_normalising_sum_is_lerchs_transcendent() -> None:
    """Our floating-point sum agrees with mpmath's exact one over the range that a fit visits."""
    from mpmath import exp, lerchphi

    for exponent in (0.1, 0.9, 1.5, 2.5, 3.0):
        for rate in (1e-8, 1e-5, 1e-2, 0.3, 5.0):
            for start in (1, 6, 150):
                truth = float(lerchphi(exp(-rate), exponent, start) * exp(-rate * start))
                assert lerch_sum(exponent, rate, start) == pytest.approx(truth, rel=1e-8)
