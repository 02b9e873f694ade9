"""The names that the package promises, where they live, and what importing them costs."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import flagsite_sdk
import pytest
from flagsite_sdk import errors, testing
from flagsite_sdk import openfeature as provider

PROMISED = [
    "Change",
    "ErrorCode",
    "Evaluation",
    "FlagClient",
    "FlagsiteError",
    "InvalidSettings",
    "Measurement",
    "Reason",
    "Settings",
    "Source",
    "State",
    "Status",
    "UnusableBootstrap",
    "__version__",
]


def loaded_by(code: str, *names: str) -> set[str]:
    program = f"import json, sys\n{code}\nprint(json.dumps(sorted(set(sys.modules))))"
    command = [sys.executable, "-W", "error", "-c", program]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return set(json.loads(output)) & set(names)


def test_the_exported_names_are_these() -> None:
    assert flagsite_sdk.__all__ == PROMISED
    assert dir(flagsite_sdk) == PROMISED
    assert set(flagsite_sdk._HOMES) == set(PROMISED) - {"__version__"}
    assert testing.__all__ == ["StaticClient", "Tracked", "flag_document", "override"]
    assert provider.__all__ == ["FlagsiteProvider"]


@pytest.mark.parametrize("name", PROMISED)
def test_every_exported_name_is_there(name: str) -> None:
    assert getattr(flagsite_sdk, name) is not None


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="FlagKlient"):
        flagsite_sdk.FlagKlient  # noqa: B018 - on purpose


def test_the_version_is_that_of_the_wheel() -> None:
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    assert flagsite_sdk.__version__ == project["version"]


def test_the_package_is_typed() -> None:
    assert (Path(flagsite_sdk.__file__).parent / "py.typed").exists()


def test_the_tree_of_errors_is_drawn_as_it_grows() -> None:
    def tree(kind: type[Any]) -> list[str]:
        return [kind.__name__, *(name for child in kind.__subclasses__() for name in tree(child))]

    drawn = errors.__doc__ or ""
    places = [drawn.index(f" {name}") for name in tree(errors.FlagsiteError)]
    assert places == sorted(places)


def test_the_engine_alone_loads_no_client() -> None:
    assert loaded_by("import flagsite_sdk.engine", "flagsite_sdk.client", "httpx", "websockets", "ssl") == set()


def test_a_client_that_is_offline_loads_neither_http_nor_websockets() -> None:
    code = "from flagsite_sdk import FlagClient; FlagClient('http://flags.test', offline=True).close()"
    assert loaded_by(code, "httpx", "websockets", "ssl", "asyncio", "django") == set()
