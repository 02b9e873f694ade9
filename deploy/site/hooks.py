"""What MkDocs calls while it builds the site: the navigation, the pages from outside of docs/, links and lists.

Everything that is decided is decided in the modules beside this one; here it is handed from and to MkDocs.
"""

import json
import subprocess
import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from deploy.site import endpoints, foreign, links, lists
from deploy.site.anchors import anchor
from deploy.site.navigation import navigation

ROOT = Path(__file__).resolve().parents[2]
MAP = "docs/README.md"
HOME = "README.md"
FROM_OUTSIDE = {
    "sdk_python/README.md": "sdk/README.md",
    "sdk_python/CHANGELOG.md": "sdk/changelog.md",
    "CHANGELOG.md": "changelog.md",
}
"""Pages that lie with what they describe, and where the site has them."""
FAVICON = ROOT / "flagsite" / "static" / "flagsite" / "favicon.svg"
REST_API = "reference/rest-api.md"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Read the navigation from the map; make anchors as repositories' pages have them."""
    config.mdx_configs.setdefault("toc", {}).update(slugify=anchor, permalink=True)
    config.nav = navigation((ROOT / MAP).read_text(), page=MAP, places=_places(), home=HOME)
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are not in docs/: the SDK's, the changelogs, the endpoints."""
    for file, place in FROM_OUTSIDE.items():
        files.append(File.generated(config, place, content=(ROOT / file).read_text()))
    files.append(File.generated(config, "assets/favicon.svg", content=FAVICON.read_text()))
    document = _openapi()
    files.append(File.generated(config, "reference/openapi.json", content=json.dumps(document, indent=1)))
    places = []
    for tag, text in endpoints.pages(document).items():
        places.append(f"reference/endpoints/{tag}.md")
        files.append(File.generated(config, places[-1], content=text))
    _insert_behind(config.nav, REST_API, places)
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, **_: object) -> str:
    """Turn links and lists into what the site can show."""
    place = page.file.src_uri
    if place == HOME:
        page.meta["hide"] = ["navigation"]  # it is the map itself
    if place.startswith("reference/endpoints/"):
        return markdown
    file = {there: here for here, there in FROM_OUTSIDE.items()}.get(place, f"docs/{place}")
    text = links.rewritten(
        markdown, page=file, places=_places(), repository=str(config.extra.get("repository_files") or "")
    )
    return lists.widened(text)


def on_post_build(config: MkDocsConfig) -> None:
    """Refuse a site that loads anything from elsewhere."""
    loaded = foreign.loaded_by(Path(config.site_dir))
    if loaded:
        raise PluginError("The site must load nothing from elsewhere:\n" + "\n".join(loaded))


def _places() -> dict[str, str]:
    """Where each file is on the site."""
    inside = (path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*") if path.is_file())
    return {f"docs/{path}": str(path) for path in inside} | FROM_OUTSIDE


def _openapi() -> dict[str, object]:
    """The OpenAPI document as the server would give it, from another process: Django's settings stay out of MkDocs."""
    made = subprocess.run(
        [sys.executable, "manage.py", "spectacular", "--format", "openapi-json", "--fail-on-warn"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    document: dict[str, object] = json.loads(made.stdout)
    return document


def _insert_behind(entries: object, wanted: str, places: list[str]) -> None:
    for entry in entries if isinstance(entries, list) else []:
        for group in entry.values() if isinstance(entry, dict) else []:
            if isinstance(group, list) and wanted in group:
                group.insert(group.index(wanted) + 1, {"Endpoints, field by field": places})
            _insert_behind(group, wanted, places)
