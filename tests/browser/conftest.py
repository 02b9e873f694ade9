"""One installation for all stories, each of which has a flag of its own; and people at their browsers."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import chromium, complaints_of
from tests.browser.pages import enter
from tests.browser.programs import Program
from tests.processes.site import Process, Site

WIDE = (1440, 900)
PATIENCE = 15_000  # milliseconds: two cores run the browser and all processes of the installation

Groups = dict[str, dict[str, Any]]
SignIn = Callable[..., Page]
Watch = Callable[..., Program]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("browser"), flags=0)
    yield site
    site.close()


@pytest.fixture(scope="session")
def keys(site: Site) -> dict[str, str]:
    """The key of each project's production, for SDKs."""
    printed: dict[str, str] = json.loads(site.run("-m", "tests.browser.seeding"))
    return printed


@pytest.fixture(scope="session")
def web(site: Site, keys: dict[str, str]) -> Process:
    """Where people are."""
    return site.web()


@pytest.fixture(scope="session")
def stream(site: Site, keys: dict[str, str]) -> Process:
    """Where SDKs are."""
    return site.stream()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def signed_in(browser: Browser, web: Process) -> Callable[[str], Any]:
    """Sign in by the form, once for everybody; what the browser keeps of it is used again."""
    states: dict[str, Any] = {}

    def state_of(person: str) -> Any:
        if person not in states:
            page = browser.new_page(base_url=web.url)
            enter(page, person)
            states[person] = page.context.storage_state()
            page.context.close()
        return states[person]

    return state_of


@pytest.fixture
def sign_in(browser: Browser, web: Process, signed_in: Callable[[str], Any]) -> Iterator[SignIn]:
    """Return a page of somebody who has signed in; no page that is visited may put an error into the console."""
    contexts, heard = [], []

    def person_at_browser(person: str, *, size: tuple[int, int] = WIDE) -> Page:
        width, height = size
        context = browser.new_context(
            base_url=web.url, storage_state=signed_in(person), viewport={"width": width, "height": height}
        )
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        heard.append(complaints_of(page))
        return page

    yield person_at_browser
    for context in contexts:
        context.close()
    assert [complaint for each in heard for complaint in each] == []


@pytest.fixture
def watch(site: Site, stream: Process, keys: dict[str, str], tmp_path: Path) -> Iterator[Watch]:
    """Start SDKs in processes of their own, which print what they see of a flag."""
    running: list[Program] = []

    def start(flag: str, groups: Groups, *, project: str = "harbour") -> Program:
        arguments = ["tests.browser.watching_sdk", stream.url, keys[project], flag, json.dumps(groups)]
        running.append(Program(site, *arguments, log=tmp_path / f"sdk-{len(running)}.log"))
        return running[-1]

    yield start
    for program in running:
        program.end()
