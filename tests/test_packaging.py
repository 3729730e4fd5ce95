"""A wheel built from the repository, installed into an empty environment, used far from the checkout."""

import sys
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.conftest import DEMO, ROOT
from tests.processes import finished


def shipped() -> set[str]:
    """Return the files of both packages as a wheel names them, prompts, probes and the picture included."""
    found = [(ROOT, path) for path in (ROOT / "graphgrow").rglob("*")]
    found += [(ROOT / "ui", path) for path in (ROOT / "ui" / "graphgrow_explorer").rglob("*")]
    return {str(path.relative_to(base)) for base, path in found if path.is_file() and path.parent.name != "__pycache__"}


@pytest.mark.slow
def test_wheel_works_away_from_the_checkout(tmp_path: Path) -> None:
    """Build, install with its dependencies, replay the recorded run, measure and verify it in another folder."""
    finished(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    assert shipped() <= set(ZipFile(wheel).namelist())
    venv.create(tmp_path / "env")
    bin_folder = tmp_path / "env" / "bin"
    pip = [sys.executable, "-m", "pip", "--python", str(bin_folder / "python")]
    finished([*pip, "install", "-q", "--no-compile", str(wheel)], check=True, capture_output=True)
    for words in (
        ["replay", str(DEMO), "--store", "demo.db"],
        ["show", "demo.db"],
        ["verify", "demo.db"],
        ["export", "demo.db", "graph.graphml"],
        ["models"],
        ["explore", "--help"],
    ):
        done = finished([bin_folder / "graphgrow", *words], cwd=tmp_path, text=True, capture_output=True)
        assert done.returncode == 0, done.stderr
    has_example = "from graphgrow_explorer.opening import recorded; raise SystemExit(recorded() is None)"
    finished([bin_folder / "python", "-c", has_example], cwd=tmp_path, check=True, capture_output=True)
    missing = [str(bin_folder / "graphgrow"), "grow", "silk", "--llm", "local"]
    done = finished(missing, cwd=tmp_path, text=True, capture_output=True)
    assert done.returncode == 1
    assert "pip install '.[local]'" in done.stderr
