"""What tests share: the real inputs beside the project, a scripted model that always has something new to say."""

import json
from pathlib import Path

import pytest
from hypothesis import settings

# A slow machine is no wrong answer.
settings.register_profile("project", deadline=None)
settings.load_profile("project")

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared" / "data"
RECORDED = ROOT / "data" / "runs" / "impact-resistant-materials.jsonl.gz"


def triples(*said: tuple[str, str, str]) -> str:
    """Return a reply in the form our prompt asks for."""
    return json.dumps({"relations": [{"source": s, "predicate": p, "target": t} for s, p, t in said]})


def chatter(count: int) -> list[str]:
    """Return replies that each bring two concepts and hang together."""
    return [
        triples(("spider silk", "contains", f"protein {i}"), (f"protein {i}", "forms", f"sheet {i}"))
        for i in range(1, count + 1)
    ]


@pytest.fixture
def shared() -> Path:
    """Return the folder of real inputs; a test that needs it is skipped where it is not there."""
    if not SHARED.is_dir():
        pytest.skip("the real inputs are not beside the project")
    return SHARED
