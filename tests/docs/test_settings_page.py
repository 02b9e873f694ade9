"""docs/reference/settings.md lists exactly the variables that the code reads, with their defaults."""

import ast

import pytest
from django.conf import settings

from tests.docs.markdown import ROOT, page, quoted, rows

PAGE = page("docs/reference/settings.md")

COMPUTED = {
    "BASE_DIR / 'var'": "`var`",
    "DATA_DIR / 'static'": "`static`",
    "not sys.stderr.isatty()": "not a terminal",
    "HTTPS_ONLY": "as `HTTPS_ONLY`",
}
"""Defaults that are no constants, and how the page says them."""


def _variables() -> dict[str, str]:
    """Each variable that a reader of `flagsite.env` is called with, and its default in the page's words."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / "flagsite").rglob("*.py")):
        if path.name == "env.py":
            found["SECRETS_FROM"] = "none"  # it reads this one itself
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("env."):
                default = next((keyword.value for keyword in node.keywords if keyword.arg == "default"), None)
                default = default or (node.args[1] if len(node.args) > 1 else None)
                found.setdefault(ast.literal_eval(node.args[0]), _in_words(default))
    return found


def _in_words(default: ast.expr | None) -> str:
    if default is None or ast.unparse(default) == "''":
        return "none"
    if ast.unparse(default) in COMPUTED:
        return COMPUTED[ast.unparse(default)]
    value = ast.literal_eval(default)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def test_every_variable_stands_on_the_page_with_its_default() -> None:
    listed = [*rows(PAGE.section("Server")), *rows(PAGE.section("Demo"))]
    documented = {quoted(name)[0]: default for name, _, default, _ in listed}
    assert documented == _variables()


@pytest.mark.parametrize("row", list(rows(PAGE.section("Fixed intervals"))), ids=lambda row: row[0])
def test_a_fixed_interval_is_what_the_page_says(row: list[str]) -> None:
    name, value, _ = row
    assert str(getattr(settings, quoted(name)[0])) == quoted(value)[0]


def test_the_variables_of_the_tests_are_those_that_the_tests_read() -> None:
    documented = {quoted(name)[0] for name, _ in rows(PAGE.section("Tests"))}
    readers = ("tests/services.py", "tests/browser/chromium.py")
    source = "".join((ROOT / reader).read_text() for reader in readers)
    assert documented == {name for name in ("TEST_DATABASE_URL", "TEST_REDIS_URL", "CHROMIUM") if f'"{name}"' in source}
