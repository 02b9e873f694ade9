"""Whatever the documentation points at is there: pages, headings, files, targets of make."""

import re

import pytest

from tests.docs.markdown import ROOT, Page, page, pages, quoted

PAGES = pages()

FILE = re.compile(r"(?:accounts|docs|flags|flagsite|rollouts|sdk_python|segments|tests)/[\w./-]*\.(?:py|md|json|txt)")
"""A file of the project, as prose names it."""


@pytest.mark.parametrize("each", PAGES, ids=lambda each: each.name)
def test_every_link_leads_somewhere(each: Page) -> None:
    dead = []
    for link in each.links:
        if re.match(r"[a-z]+:", link):
            continue  # another site
        path, _, anchor = link.partition("#")
        target = (each.path.parent / path).resolve() if path else each.path
        found = target.exists()
        if found and anchor and target.suffix == ".md":
            found = anchor in Page(target).anchors
        if not found:
            dead.append(link)
    assert dead == []


@pytest.mark.parametrize("each", PAGES, ids=lambda each: each.name)
def test_every_picture_is_there_and_says_what_it_shows(each: Page) -> None:
    assert [place for words, place in each.pictures if not words or not (each.path.parent / place).is_file()] == []


def test_the_readme_begins_with_what_it_is_a_picture_and_two_commands() -> None:
    readme = page("README.md")
    what_it_is = readme.prose.split("![")[0]
    assert len(re.findall(r"[.!?](?=\s)", what_it_is)) == 3  # sentences
    assert readme.pictures
    assert [block.text.strip() for block in readme.blocks[:2]] == ["make run", "make test"]


@pytest.mark.parametrize("each", PAGES, ids=lambda each: each.name)
def test_every_file_that_a_page_names_is_there(each: Page) -> None:
    named = {name for span in quoted(each.prose) for name in FILE.findall(span)}
    assert sorted(name for name in named if not (ROOT / name).exists()) == []


@pytest.mark.parametrize("each", PAGES, ids=lambda each: each.name)
def test_every_target_of_make_that_a_page_names_is_in_the_makefile(each: Page) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    commands = [*quoted(each.prose), *(block.text for block in each.blocks if block.language == "bash")]
    named = {name for command in commands for name in re.findall(r"(?:^|&& )make(?: \w+=\S+)* ([a-z-]+)", command)}
    assert sorted(named - targets) == []


def test_the_map_names_every_page() -> None:
    """It is the navigation of the site, which is not built without one of them."""
    linked = [re.sub("#.*", "", link) for link in page("docs/README.md").links if ":" not in link]
    named = {str((ROOT / "docs" / link).resolve().relative_to(ROOT)) for link in linked} | {
        "docs/README.md",
        "README.md",
    }
    assert sorted({each.name for each in PAGES} - named) == []


def test_every_page_is_reached_from_the_map() -> None:
    reached: set[str] = set()
    waiting = ["README.md", "docs/README.md"]
    while waiting:
        name = waiting.pop()
        if name in reached or not (ROOT / name).exists():
            continue
        reached.add(name)
        each = page(name)
        found = [(each.path.parent / link.partition("#")[0]).resolve() for link in each.links if ":" not in link]
        waiting += [str(path.relative_to(ROOT)) for path in found if path.suffix == ".md" and path.is_relative_to(ROOT)]
    assert sorted({each.name for each in PAGES} - reached) == []
