"""The site says what the repository's pages say: each is rendered by two parsers, and links lead to the same file."""

import re
from html.parser import HTMLParser
from pathlib import Path

import markdown
import pytest
import yaml
from markdown_it import MarkdownIt

from deploy.site.anchors import anchor
from deploy.site.foreign import loaded_by
from deploy.site.links import rewritten
from deploy.site.lists import widened
from deploy.site.navigation import navigation
from tests.docs.markdown import ROOT, Page, pages

PLACES = {
    "docs/README.md": "README.md",
    "docs/how-to/ramp.md": "how-to/ramp.md",
    "docs/reference/limits.md": "reference/limits.md",
    "sdk_python/README.md": "sdk/README.md",
}


class _Structure(HTMLParser):
    """The text of some HTML with those elements that give it its shape."""

    shape = frozenset(
        {"li", "td", "th", "pre", "h1", "h2", "h3", "h4", "table", "ol", "ul", "img", "a", "em", "strong"}
    )

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.shape and not (tag == "a" and "href" not in dict(attrs)):
            self.parts.append(f" <{tag}> ")

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def _structure(html: str) -> list[str]:
    read = _Structure()
    read.feed(html)
    return "".join(read.parts).split()


def _on_the_site(text: str) -> str:
    settings = yaml.load((ROOT / "deploy/site/mkdocs.yml").read_text(), Loader=yaml.BaseLoader)  # noqa: S506 no tags
    return str(markdown.markdown(widened(text), extensions=settings["markdown_extensions"]))


def _in_the_repository(text: str) -> str:
    return str(MarkdownIt("commonmark").enable("table").render(text))


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_the_site_shows_a_page_as_the_repository_does(page: Page) -> None:
    assert _structure(_on_the_site(page.text)) == _structure(_in_the_repository(page.text))


def test_a_block_of_code_in_a_list_keeps_its_inner_margin() -> None:
    text = (
        "- one\n\n  ```python\n  if True:\n      pass\n  ```\n\n  - inner\n\n    more\n\nThen:\n1. first\n\n   then\n"
    )
    assert "if True:\n    pass\n" in re.sub("<[^>]*>", "", _on_the_site(text))
    assert _structure(_on_the_site(text)) == _structure(_in_the_repository(text))


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_headings_are_named_on_the_site_as_in_the_repository(page: Page) -> None:
    made = markdown.Markdown(extensions=["toc"], extension_configs={"toc": {"slugify": anchor}})
    made.convert(page.prose)
    named = set(re.findall(r"'id': '([^']*)'", str(made.toc_tokens)))
    twins = {name for name in page.anchors if re.search(r"-\d+$", name)}
    assert page.anchors - twins <= named


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("[limits](../reference/limits.md#keys)", "[limits](../reference/limits.md#keys)"),
        ("[the\nSDK](../../sdk_python/README.md#news)", "[the\nSDK](../sdk/README.md#news)"),
        ("[`settings`](../../flagsite/settings.py)", "`settings`"),
        ("[other](https://example.com/a.md), [here](#there)", "[other](https://example.com/a.md), [here](#there)"),
        ("`[no](../../Makefile)`", "`[no](../../Makefile)`"),
        ("```\n[no](../../Makefile)\n```", "```\n[no](../../Makefile)\n```"),
    ],
)
def test_a_link_leads_where_the_file_is_on_the_site(written: str, shown: str) -> None:
    assert rewritten(written, page="docs/how-to/ramp.md", places=PLACES) == shown


def test_a_link_leads_into_the_repository_when_somebody_says_where_that_is() -> None:
    shown = rewritten(
        "[m](../Makefile)", page="sdk_python/README.md", places=PLACES, repository="https://git.example/x/"
    )
    assert shown == "[m](https://git.example/x/Makefile)"


def test_the_navigation_is_the_map() -> None:
    text = (
        "# Flagsite\n\nSee [limits](reference/limits.md).\n\n## How-to\n\n### Releases\n\n"
        "- [Ramp](how-to/ramp.md), with [steps](how-to/ramp.md#steps) and [the SDK](../sdk_python/README.md)\n\n"
        "## Reference\n\n- [Limits](reference/limits.md)\n- [Ramp again](how-to/ramp.md)\n\n## Empty\n"
    )
    assert navigation(text, page="docs/README.md", places=PLACES, home="README.md") == [
        {"Home": "README.md"},
        {"How-to": [{"Releases": ["how-to/ramp.md", "sdk/README.md"]}]},
        {"Reference": ["reference/limits.md"]},
    ]


def test_what_is_loaded_from_elsewhere_is_found_and_a_link_is_not_a_load(tmp_path: Path) -> None:
    (tmp_path / "good.html").write_text(
        '<a href="https://a.example">a</a><link rel="canonical" href="//a.example"><script src="../a.js"></script>'
    )
    (tmp_path / "bad.html").write_text(
        '<script src="https://a.example/a.js"></script><link rel="stylesheet" href="//a.example/a.css">'
        '<img src="a.png" srcset="//a.example/b.png 2x"><style>@import "https://a.example/c.css";</style>'
        '<p style="background: url(http://a.example/d.png)">'
    )
    (tmp_path / "bad.css").write_text("@font-face { src: url(https://a.example/e.woff) } a { background: url(f.png) }")
    assert loaded_by(tmp_path) == [
        "bad.css: https://a.example/e.woff",
        "bad.html: https://a.example/a.js",
        "bad.html: //a.example/a.css",
        "bad.html: //a.example/b.png",
        "bad.html: https://a.example/c.css",
        "bad.html: http://a.example/d.png",
    ]
