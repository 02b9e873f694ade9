"""Whatever command of ours a page tells people to run is there, and takes the arguments that are shown."""

import re
import shlex
from importlib.util import find_spec

import pytest
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand, CommandError

from tests.docs.markdown import page, pages, quoted

OF_OTHERS = {"waffle", "dumpdata waffle", "migrate waffle"}
"""How a command begins that is of the product that somebody moves here from."""
_COMMAND = re.compile(r"manage\.py ((?:[^\n#|>;&()]|\\\n)+)")
_MODULE = re.compile(r"python -m ((?:deploy|flagsite|tests)[\w.]*)")


def _texts(name: str) -> list[str]:
    each = page(name)
    return [*quoted(each.prose), *(block.text for block in each.blocks if block.language in {"bash", "sh", "console"})]


def _told() -> list[tuple[str, str]]:
    found = [
        (each.name, command.strip())
        for each in pages()
        for text in _texts(each.name)
        for command in _COMMAND.findall(text)
        if not command.startswith(tuple(OF_OTHERS)) and not command.startswith("…")
    ]
    return sorted(set(found))


@pytest.mark.parametrize(("name", "told"), _told(), ids=lambda told: told)
def test_a_command_that_a_page_tells_is_there_and_takes_its_arguments(name: str, told: str) -> None:
    command, *arguments = shlex.split(told)
    assert command in get_commands(), f"{name} tells of manage.py {command}"
    app = get_commands()[command]
    loaded = app if isinstance(app, BaseCommand) else load_command_class(app, command)
    if not arguments:
        return  # the command is meant, not a call of it
    try:
        loaded.create_parser("manage.py", command).parse_args(arguments)
    except (CommandError, SystemExit) as error:
        pytest.fail(f"{name}: manage.py {told}: {error}")


def test_a_module_that_a_page_tells_to_run_is_there() -> None:
    named = {module.rstrip(".") for each in pages() for text in _texts(each.name) for module in _MODULE.findall(text)}
    assert named
    assert sorted(module for module in named if find_spec(module) is None) == []
