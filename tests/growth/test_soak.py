"""A soak of a minute: everything works on one graph at once, with kills, an endpoint that refuses, a full disk."""

import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))  # scripts, no package

import soak

PROC = Path("/proc/self/fd")


@pytest.mark.slow
@pytest.mark.skipif(not PROC.is_dir(), reason="what a process uses is read from /proc")
def test_nothing_is_lost_or_doubled_where_everything_goes_on_at_once(tmp_path: Path) -> None:
    """Growth, daemon, corrections, exports and explorer for a minute, with harm done to them."""
    one, used = soak.soak(tmp_path, 60, seed=3)
    assert one.problems == []
    assert "Traceback" not in (tmp_path / "said").read_text(errors="replace")
    assert len(one.acknowledged) > 0
    assert one.done["exports"] > 0
    assert one.done["explorer: requests"] > 0
    assert len(one.model.answered) > len(one.acknowledged)
    assert any(line.startswith("explorer: ") for line in used)
