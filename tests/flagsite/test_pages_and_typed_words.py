"""What people type is shown on pages, and never becomes their markup or their code.

Django escapes what stands in a page as text. Two roads lead past that: scripts that make markup of text, and the
expressions in attributes that Alpine compiles.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from accounts.models import Environment, Project
from tests.conftest import Person
from tests.desk import Desk
from tests.flags.builders import equals, make, rule, set_fields

ROOT = Path(__file__).resolve().parents[2]
MARKUP = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|parseFromString"
    r"|\beval\s*\(|new Function|setTimeout\s*\(\s*[\"'`]"
)
"""What makes markup or code of a text."""
ANSWERS_OF_OURS = {"ramps/live.js": 2}
"""It renews a page with what the server has rendered, and compares it."""
EXPRESSION = re.compile(r"\s(?:x-[\w.:-]+|@[\w.:-]+|:[\w.-]+)=\"((?:\{\{.*?\}\}|[^\"])*)\"")
"""An attribute that Alpine compiles."""
WRITTEN = re.compile(r"\{\{(.*?)\}\}")
IN_QUOTES = re.compile(r"'\{\{[^{}`]*\|escapejs\s*\}\}'")
"""`escapejs` keeps what was typed within quotation marks; within backticks `${…}` would still be code."""
NUMBERS = {"forloop.counter0", "forloop.counter"}


def unsafe(template: str) -> Iterator[str]:
    """The expressions of a template into which something is written that could become code."""
    for found in EXPRESSION.finditer(template):
        rest = IN_QUOTES.sub("''", found[1])
        for written in WRITTEN.findall(rest):
            if written.strip() not in NUMBERS:
                yield found[1]


def test_no_script_of_ours_makes_markup_or_code_of_a_text() -> None:
    folder = ROOT / "flagsite" / "static" / "flagsite"
    scripts = sorted(folder.rglob("*.js"))
    assert len(scripts) > 20
    found = {str(path.relative_to(folder)): len(MARKUP.findall(path.read_text())) for path in scripts}
    assert {name: count for name, count in found.items() if count} == ANSWERS_OF_OURS


@pytest.mark.parametrize(
    "template",
    [
        """<p x-text="`for {{ name|escapejs }}`">""",
        """<p x-data="{ a: '{{ name }}' }">""",
        """<p :class="{{ name|escapejs }}">""",
        """<p x-on:click="go(`${one} '{{ name|escapejs }}`, '{{ name|safe }}')">""",
    ],
)
def test_an_expression_that_could_be_broken_out_of_is_found(template: str) -> None:
    assert list(unsafe(template))


def test_nothing_typed_is_written_into_an_expression_that_is_compiled() -> None:
    templates = sorted((ROOT / "templates").rglob("*.html"))
    expressions = [each for path in templates for each in EXPRESSION.findall(path.read_text())]
    assert len(expressions) > 20
    assert {str(path): found for path in templates if (found := list(unsafe(path.read_text())))} == {}


@pytest.mark.django_db
def test_the_name_of_an_environment_is_no_expression(ed: Person, shop: Project) -> None:
    name = "${alert(1)}"
    staging = shop.environments.get(key="staging")
    set_fields(make(shop, "sale"), staging, rollout_percentage=5)
    shop.environments.filter(key="production").update(name=name)
    page = Desk(ed).get("flags_flag_compare", project="shop", source="staging", target="production").content.decode()
    assert f'data-target="{name}"' in page
    assert [each for each in EXPRESSION.findall(page) if name in each] == []


@pytest.mark.django_db
def test_no_name_ends_the_data_of_the_editor(ed: Person, shop: Project, production: Environment) -> None:
    script = "</script><script>alert(1)</script>"
    flag = make(shop, "sale", name=script, description=script)
    set_fields(flag, production, rules=[rule(equals("plan", script), name=script)])
    desk = Desk(ed)
    for page in (
        desk.open(flag),
        desk.get("flags_flag_changelist"),
        desk.get("flags_revision_timeline", project="shop"),
    ):
        assert page.status_code == 200
        assert "<script>alert(1)" not in page.content.decode()
        assert "alert(1)" in page.content.decode()
