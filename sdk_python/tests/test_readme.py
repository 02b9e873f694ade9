"""The examples that people copy work."""

import re
from pathlib import Path
from typing import Any

import pytest
from openfeature import api

from sdk_python.tests import documents
from sdk_python.tests.conftest import eventually
from sdk_python.tests.server import KEY, Server

README = (Path(__file__).parents[1] / "README.md").read_text()
EXAMPLES = re.findall(r"^```python\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def run(example: str, server: Server) -> dict[str, Any]:
    names: dict[str, Any] = {}
    code = example.replace("http://localhost:8000", server.url).replace("fs_srv_…", KEY)
    exec(compile(code, "README.md", "exec"), names)  # noqa: S102 - our own page
    return names


def test_the_first_example_works(server: Server) -> None:
    server.flags["banner"] = documents.text("Hello")
    names = run(EXAMPLES[0], server)
    assert names["client"].status().state == "closed"
    assert server.counts()["new-checkout", "on", "FALLTHROUGH"] == 2, "by itself, and among all flags"
    assert server.counts()["banner-text", "plain", "FALLTHROUGH"] == 3
    (event,) = server.events()
    assert (event["name"], event["context_id"], event["value"]) == ("purchase", "user-123", 12.5)


def test_the_openfeature_example_works(server: Server) -> None:
    (example,) = [example for example in EXAMPLES if "set_provider_and_wait" in example]
    run(example, server)
    api.shutdown()
    eventually(lambda: server.counts() == {("new-checkout", "on", "FALLTHROUGH"): 1})
    api.clear_providers()


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_python(example: str) -> None:
    compile(example.replace("…", "..."), "README.md", "exec")
