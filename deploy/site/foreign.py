"""Whether a built site loads anything from elsewhere: scripts, styles, fonts, pictures, frames. Links are not loads."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

_LOADERS = frozenset({"audio", "embed", "iframe", "img", "script", "source", "video"})
_LOADING_LINKS = frozenset({"dns-prefetch", "icon", "manifest", "modulepreload", "preconnect", "preload", "stylesheet"})
_FOREIGN = re.compile(r"^(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
_IN_STYLES = re.compile(r"(?:url\(|@import\s+)[\"']?((?:https?:)?//[^\"')\s]+)", re.IGNORECASE)


def loaded_by(site: Path) -> list[str]:
    """Each load from elsewhere: `page: address`."""
    found = []
    for path in sorted(site.rglob("*")):
        if path.suffix == ".html":
            found += [f"{path.relative_to(site)}: {address}" for address in _loads(path.read_text())]
        elif path.suffix == ".css":
            found += [f"{path.relative_to(site)}: {address}" for address in _IN_STYLES.findall(path.read_text())]
    return found


def _loads(html: str) -> Iterator[str]:
    reader = _Reader()
    reader.feed(html)
    yield from (address for address in reader.addresses if _FOREIGN.match(address))
    yield from _IN_STYLES.findall("".join(reader.styles))


class _Reader(HTMLParser):
    """Collects what a page's elements load."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.styles: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        self._in_style = tag == "style"
        self.styles.append(said.get("style") or "")
        self.addresses.append((tag in _LOADERS and said.get("src")) or "")
        self.addresses += (said.get("srcset") or "").split()
        if tag == "link" and _LOADING_LINKS & set((said.get("rel") or "").lower().split()):
            self.addresses.append(said.get("href") or "")

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.styles.append(data)
