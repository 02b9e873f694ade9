"""One installation a module: starting processes is what takes long."""

from collections.abc import Iterator

import pytest

from tests.processes.site import Process, Site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Site]:
    """An installation with as many flags as the module's `FLAGS` says."""
    site = Site(tmp_path_factory.mktemp("site"), flags=getattr(request.module, "FLAGS", 5))
    yield site
    site.close()


@pytest.fixture(scope="module")
def stream(site: Site) -> Process:
    return site.stream()


@pytest.fixture(scope="module")
def web(site: Site) -> Process:
    return site.web()
