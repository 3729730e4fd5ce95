"""A wheel built from the repository, installed into an empty environment, used far from the checkout."""

import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.conftest import RECORDED, ROOT


@pytest.mark.slow
def test_wheel_works_away_from_the_checkout(tmp_path: Path) -> None:
    """Build, install with its dependencies, replay the recorded run, measure and verify it in another folder."""
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    venv.create(tmp_path / "env", with_pip=True)
    bin_folder = tmp_path / "env" / "bin"
    subprocess.run([bin_folder / "pip", "install", "-q", str(wheel)], check=True, capture_output=True)
    for words in (
        ["replay", str(RECORDED), "--store", "demo.db"],
        ["show", "demo.db"],
        ["verify", "demo.db"],
        ["export", "demo.db", "graph.graphml"],
        ["models"],
        ["explore", "--help"],
    ):
        done = subprocess.run(
            [bin_folder / "graphgrow", *words], cwd=tmp_path, text=True, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr
    has_example = "from graphgrow_explorer.opening import recorded; raise SystemExit(recorded() is None)"
    subprocess.run([bin_folder / "python", "-c", has_example], cwd=tmp_path, check=True, capture_output=True)
    missing = [str(bin_folder / "graphgrow"), "grow", "silk", "--llm", "local"]
    done = subprocess.run(missing, cwd=tmp_path, text=True, capture_output=True, check=False)
    assert done.returncode == 1
    assert "pip install '.[local]'" in done.stderr
