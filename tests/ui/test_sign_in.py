"""Sign-in by OpenID Connect: a real provider on this machine, a real browser, and the explorer between them."""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from secrets import token_hex
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import PATIENCE_MS
from tests.explorers import Explorer, exploring
from tests.pictures import answered
from tests.processes import started
from tests.servers import PATIENCE, free_port

PEOPLE: dict[str, dict[str, object]] = {
    "alice": {"email": "alice@example.org", "email_verified": True},
    "plain": {"email": "plain@example.org"},  # a provider that says nothing about it
    "bob": {"email": "bob@example.org", "email_verified": True},
    "mallory": {"email": "alice@example.org", "email_verified": False},  # typed, and never shown to be hers
    "nobody": {},
}


@pytest.fixture(scope="module")
def explorer(tmp_path_factory: pytest.TempPathFactory, recorded: Path) -> Iterator[Explorer]:
    """Yield the explorer, which lets in who is signed in by the provider with one of two addresses."""
    if missing := [name for name in ("authlib", "oidc_provider_mock") if find_spec(name) is None]:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"signing in needs {' and '.join(missing)}")
    folder, port, at = tmp_path_factory.mktemp("sign-in"), free_port(), free_port()
    issuer = f"http://localhost:{at}"
    shutil.copy(recorded, folder / "recorded.db")
    (folder / ".streamlit").mkdir()
    words = [sys.executable, "-m", "oidc_provider_mock", "--port", str(at)]
    with (folder / "provider.log").open("wb") as log, started(words, None, stdout=log, stderr=log) as provider:
        answered(f"{issuer}/.well-known/openid-configuration", provider)
        for name, claims in PEOPLE.items():
            body, headers = json.dumps(claims).encode(), {"Content-Type": "application/json"}
            known = Request(f"{issuer}/users/{quote(name)}", body, headers, method="PUT")  # noqa: S310  # on loopback
            urlopen(known, timeout=PATIENCE).close()  # noqa: S310  # as above
        auth = {
            "redirect_uri": f"http://localhost:{port}/oauth2callback",
            "cookie_secret": token_hex(32),
            "client_id": "graphgrow",
            "client_secret": token_hex(16),
            "server_metadata_url": f"{issuer}/.well-known/openid-configuration",
        }
        lines = "\n".join(f"{name} = {json.dumps(value)}" for name, value in auth.items())
        (folder / ".streamlit" / "secrets.toml").write_text(f"[auth]\n{lines}\n", encoding="utf-8")
        allowed = "--allow", "alice@example.org", "--allow", "plain@example.org"
        with exploring(folder, "recorded.db", "--auth", *allowed, "--port", str(port)) as found:
            yield found


@pytest.fixture
def page(browser: Browser, explorer: Explorer) -> Iterator[Page]:
    """Yield a page of somebody whom nobody knows yet, who asks for the graph."""
    with closing(browser.new_page()) as found:
        found.set_default_timeout(PATIENCE_MS)
        found.goto(f"http://localhost:{explorer.port}/?store=sqlite%3Arecorded.db")
        expect(found.get_by_role("button", name="Sign in")).to_be_visible()
        assert found.get_by_test_id("stTopNavLink").count() == 0
        yield found


def sign_in(page: Page, name: str) -> None:
    """Sign in at the provider, which leads back."""
    page.get_by_role("button", name="Sign in").click()
    page.get_by_placeholder("sub").fill(name)
    page.get_by_role("button", name="Authorize").click()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["alice", "plain"])
def test_who_is_allowed_signs_in_and_out(name: str, page: Page) -> None:
    """The views are there after the provider's word, and gone after the sign-out."""
    sign_in(page, name)
    expect(page.get_by_test_id("stTopNavLink").first).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="End session").click()  # at the provider
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(page.get_by_test_id("stTopNavLink")).to_have_count(0)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bob", "mallory", "nobody"])
def test_who_is_not_allowed_sees_nothing(name: str, page: Page) -> None:
    """Another address, one that the provider does not vouch for, and none at all are told so, and shown nothing."""
    sign_in(page, name)
    expect(page.get_by_text("is not allowed to use this explorer")).to_be_visible()
    assert page.get_by_test_id("stTopNavLink").count() == 0
    assert "fibroin" not in page.content()


@pytest.mark.slow
def test_a_refused_sign_in_and_a_made_up_cookie_let_nobody_in(page: Page, explorer: Explorer) -> None:
    """Who is denied at the provider, or brings a cookie that this server did not sign, is asked to sign in."""
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Deny").click()
    made_up = {"name": "_streamlit_user", "value": "2|1:0|e30=|0", "url": f"http://localhost:{explorer.port}"}
    page.context.add_cookies([{"name": made_up["name"], "value": made_up["value"], "url": made_up["url"]}])
    page.goto(f"http://localhost:{explorer.port}/")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert page.get_by_test_id("stTopNavLink").count() == 0
