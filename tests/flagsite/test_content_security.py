"""What browsers are told to refuse, and that no page of ours needs what they refuse."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from pytest_django import Settings
from unfold.settings import CONFIG_DEFAULTS

from accounts.models import Project
from accounts.roles import Role
from accounts.services import invite
from tests.accounts.authenticator_app import set_up, sign_in, signed_in_desk
from tests.conftest import Person
from tests.desk import Desk

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[2]
INLINE = re.compile(
    r"<(?:script|style)\b(?![^>]*\b(?:src|nonce)=)[^>]*>|\son[a-z]+\s*=\s*[\"']|javascript:", re.IGNORECASE
)
"""A script or style in the page itself, without a nonce; or an event handler in an attribute."""


def policy(response: Any) -> dict[str, set[str]]:
    """The directives of the response's policy, each with its sources."""
    header = response.headers["Content-Security-Policy"]
    return {name: set(sources) for name, *sources in (part.split() for part in header.split("; "))}


STRICT = {
    "default-src": {"'none'"},
    "script-src": {"'self'"},
    "style-src": {"'self'"},
    "img-src": {"'self'", "data:"},
    "font-src": {"'self'"},
    "connect-src": {"'self'"},
    "form-action": {"'self'"},
    "frame-ancestors": {"'none'"},
    "base-uri": {"'none'"},
}


@pytest.mark.parametrize("path", ["/", "/flags", "/healthz", "/openapi.json", "/nowhere", "/docs?script="])
def test_everything_outside_the_admin_has_the_strict_policy(path: str) -> None:
    assert policy(Client().get(path)) == STRICT


def test_the_admin_may_compile_what_stands_in_attributes_and_no_more(sam: Person) -> None:
    pages = (
        Client().get("/admin/login/"),
        Desk(sam).get("index"),
        Desk(sam).get("flags_flag_changelist"),
        Desk(sam).get("flags_flag_add"),
    )
    for page in pages:
        assert policy(page) == {
            **STRICT,
            "script-src": {"'self'", "'unsafe-eval'"},
            "style-src-attr": {"'unsafe-inline'"},
        }


def test_pages_before_one_is_in_are_like_the_admin_s(sam: Person, shop: Project, settings: Settings) -> None:
    settings.OIDC_ISSUER = "https://id.example.com"
    _, token = invite(email="zoe@example.com", roles={shop: Role.EDITOR}, by=sam.actor)
    set_up(signed_in_desk("sam"))
    half_way = sign_in("sam").client
    for page in (
        Client().get(f"/admin/invitation/{token}/"),
        Client().get("/admin/invitation/nonsense/"),
        half_way.get("/admin/sign-in/second-factor/"),
        Client().get("/admin/login/"),
    ):
        assert policy(page)["script-src"] == {"'self'", "'unsafe-eval'"}
        assert policy(page)["form-action"] == {"'self'"}
        assert [found.group() for found in INLINE.finditer(page.content.decode())] == []


def test_a_refusal_under_the_admin_has_the_strict_policy(vi: Person) -> None:
    assert policy(Desk(vi).get("flags_flag_add")) == STRICT


def test_the_documentation_s_style_carries_a_nonce_of_this_request_only() -> None:
    seen = set()
    for _ in range(2):
        page = Client().get("/docs")
        (nonce,) = re.findall(r'<style nonce="([^"]+)">', page.content.decode())
        assert policy(page)["style-src"] == {"'self'", f"'nonce-{nonce}'"}
        seen.add(nonce)
    assert len(seen) == 2


def test_no_page_writes_what_the_policy_keeps_out(sam: Person, shop: object, subtests: pytest.Subtests) -> None:
    desk = Desk(sam)
    pages = ["flags_flag", "segments_segment", "accounts_project", "accounts_user", "auditlog_logentry"]
    shown = {page: desk.get(f"{page}_changelist").content.decode() for page in pages}
    shown |= {f"{page} add": desk.get(f"{page}_add").content.decode() for page in pages[:-1]}
    shown |= {"login": Client().get("/admin/login/").content.decode(), "docs": Client().get("/docs").content.decode()}
    shown["index"] = desk.get("index").content.decode()
    own = signed_in_desk("sam").client
    for page in ("", "set-up/", "password/"):
        shown[f"second factor {page}"] = own.get(f"/admin/second-factor/{page}", follow=True).content.decode()
    for name, page in shown.items():
        with subtests.test(name):
            assert [found.group() for found in INLINE.finditer(page)] == []


def test_no_template_of_ours_writes_what_the_policy_keeps_out() -> None:
    written = {
        str(template.relative_to(ROOT)): [found.group() for found in INLINE.finditer(template.read_text())]
        for template in (ROOT / "templates").rglob("*.html")
    }
    assert {name: found for name, found in written.items() if found} == {}


def test_the_colours_are_those_that_unfold_would_have_written() -> None:
    text = (ROOT / "flagsite" / "static" / "flagsite" / "colors.css").read_text()
    written = dict(re.findall(r"--color-(\S+): (.*);", text))
    assert set(written) == {
        f"{name}-{weight}" for name, weights in CONFIG_DEFAULTS["COLORS"].items() for weight in weights
    }


def test_corners_are_as_round_as_a_length_says() -> None:
    text = (ROOT / "flagsite" / "static" / "flagsite" / "colors.css").read_text()
    assert re.search(r"--border-radius: \d+px;", text)


def test_cookies_are_out_of_reach_of_scripts_and_of_other_sites(sam: Person) -> None:
    client = Client()
    client.get("/admin/login/")
    client.post("/admin/login/?next=/admin/", {"username": "sam", "password": "correct horse battery"})
    for name in (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME):
        cookie = client.cookies[name]
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert client.cookies[settings.SESSION_COOKIE_NAME]["max-age"] == 12 * 3600


def test_a_session_gets_a_new_name_when_somebody_signs_in(sam: Person) -> None:
    client = Client()
    before = client.session
    before["planted"] = True
    before.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = before.session_key or ""
    client.post("/admin/login/?next=/admin/", {"username": "sam", "password": "correct horse battery"})
    assert client.cookies[settings.SESSION_COOKIE_NAME].value not in {"", before.session_key}


def test_over_https_cookies_are_secure_and_of_this_host_only(tmp_path: Path) -> None:
    names = (
        "SESSION_COOKIE_NAME",
        "SESSION_COOKIE_SECURE",
        "CSRF_COOKIE_NAME",
        "CSRF_COOKIE_SECURE",
        "SESSION_COOKIE_AGE",
    )
    code = f"from flagsite import settings; print([getattr(settings, name) for name in {names!r}])"
    environment = {**os.environ, "SECURE_COOKIES": "true", "SESSION_HOURS": "1", "DATA_DIR": str(tmp_path)}
    told = subprocess.run([sys.executable, "-c", code], env=environment, cwd=ROOT, check=True, capture_output=True)
    assert told.stdout.decode().strip() == str(["__Host-flagsite-session", True, "__Host-flagsite-csrf", True, 3600])
