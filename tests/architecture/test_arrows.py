"""Which way the arrows point where import-linter cannot see: string foreign keys, environment, clock."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from django.apps import apps
from django.db.models import ForeignObjectRel

from tests.architecture.sources import Source

FLOORS = ("accounts", "segments", "flags", "rollouts")  # lowest first
ENGINE = "sdk_python/src/flagsite_sdk/engine/"


def test_a_model_points_only_at_models_of_its_own_app_or_a_lower_one() -> None:
    upwards = [
        f"{model._meta.label}.{field.name} -> {field.related_model._meta.label}"
        for app in FLOORS
        for model in apps.get_app_config(app).get_models(include_auto_created=True)
        for field in model._meta.get_fields()
        if not isinstance(field, ForeignObjectRel) and field.related_model
        if field.related_model._meta.app_label in FLOORS[FLOORS.index(app) + 1 :]
    ]
    assert upwards == []


def test_every_module_of_the_project_stands_in_the_import_contract(root: Path, sources: list[Source]) -> None:
    contracts = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    floors = next(contract for contract in contracts if contract["id"] == "floors")
    named = {name.strip(" ()") for layer in floors["layers"] for name in layer.split(":")}
    leaves = {
        "flagsite.env",
        "flagsite.error_reports",
        "flagsite.logs",
        "flagsite.metric_files",
        "flagsite.secret_key",
        "flagsite.tracebacks",
        "flagsite.__init__",
    }  # read by the settings only; a contract of their own
    found = {
        ".".join(source.path.removesuffix(".py").split("/")[:2])
        for source in sources
        if source.path.startswith("flagsite/")
    }
    assert found - named - leaves == set()


def test_the_server_takes_nothing_but_the_engine_from_the_sdk(sources: list[Source]) -> None:
    others = [
        f"{source.path} imports {name}"
        for source in sources
        if source.path.startswith((*(f"{app}/" for app in FLOORS), "flagsite/"))
        for name in source.imports
        if name.split(".")[0] == "flagsite_sdk" and not f"{name}.".startswith("flagsite_sdk.engine.")
    ]
    assert [line for line in others if not line.endswith("imports flagsite_sdk")] == []


def test_importing_the_engine_loads_no_client_and_no_framework() -> None:
    heavy = "{'httpx', 'websockets', 'django', 'rest_framework', 'openfeature', 'asyncio', 'ssl'}"
    code = f"import sys, flagsite_sdk.engine; print(*sorted({heavy} & set(sys.modules)))"
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert loaded.split() == []


def test_the_engine_depends_on_three_libraries_and_reads_no_clock(sources: list[Source]) -> None:
    engine = [source for source in sources if source.path.startswith(ENGINE)]
    allowed = {"msgspec", "re2", "xxhash"}
    impure = {"asyncio", "os", "pathlib", "random", "secrets", "socket", "time", "uuid"}
    strangers = [
        f"{source.path} imports {name}"
        for source in engine
        for name in source.imports
        if not f"{name}.".startswith("flagsite_sdk.engine.")
        if name.split(".")[0] in impure or name.split(".")[0] not in allowed | sys.stdlib_module_names
    ]
    clocks = [
        f"{source.path}:{node.lineno} .{node.attr}"
        for source in engine
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"}
        if isinstance(node.value, ast.Name) and node.value.id in {"datetime", "date", "dt"}
    ]
    assert strangers + clocks == []


def test_only_env_reads_the_process_environment(sources: list[Source]) -> None:
    server = (*(f"{app}/" for app in FLOORS), "flagsite/")
    readers = [
        f"{source.path}:{node.lineno}"
        for source in sources
        if source.path.startswith(server) and source.path != "flagsite/env.py"
        for node in ast.walk(source.tree)
        if (isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"})
        or (
            isinstance(node, ast.ImportFrom)
            and node.module == "os"
            and {"environ", "getenv"} & {a.name for a in node.names}
        )
    ]
    entry_points = {
        "flagsite/asgi.py",
        "flagsite/wsgi.py",
        "flagsite/celery.py",
    }  # Django's own setdefault idiom
    assert [line for line in readers if line.split(":")[0] not in entry_points] == []


@pytest.mark.parametrize("entry_point", ["asgi", "celery", "wsgi"])
def test_an_entry_point_only_names_the_settings_module(entry_point: str, root: Path) -> None:
    tree = ast.parse((root / "flagsite" / f"{entry_point}.py").read_text())
    uses = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "environ"]
    defaults = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "os.environ.setdefault"
        if ast.unparse(node.args[0]) == "'DJANGO_SETTINGS_MODULE'"
    ]
    assert len(uses) == len(defaults)
