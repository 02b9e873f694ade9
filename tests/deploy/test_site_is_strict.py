"""What `make docs` refuses, tried on a site of one page with the settings of ours."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from tests.docs.markdown import ROOT


def _recipe() -> list[str]:
    """How make calls MkDocs, but for the file of settings."""
    make = shutil.which("make") or "make"
    said = subprocess.run([make, "--dry-run", "docs"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    [words] = [line.split() for line in said.splitlines() if " mkdocs build " in line]
    return words[words.index("-m") : words.index("--config-file")]


def _build(directory: Path, pages: dict[str, str]) -> subprocess.CompletedProcess[str]:
    for name, text in pages.items():
        (directory / "docs" / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / "docs" / name).write_text(text)
    ours = str(ROOT / "deploy/site/mkdocs.yml")
    settings = {"INHERIT": ours, "docs_dir": "docs", "site_dir": "site", "hooks": [], "theme": {"custom_dir": "docs"}}
    (directory / "mkdocs.yml").write_text(yaml.safe_dump({**settings, "nav": ["README.md"]}))
    command = [sys.executable, *_recipe(), "--config-file", str(directory / "mkdocs.yml")]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_page_whose_links_lead_somewhere_is_built(tmp_path: Path) -> None:
    built = _build(tmp_path, {"README.md": "# Home\n\n[here](README.md#there)\n\n## There\n"})
    assert built.returncode == 0, built.stderr
    assert (tmp_path / "site" / "index.html").exists()


def test_a_dead_link_a_dead_anchor_and_an_orphan_end_the_build(tmp_path: Path) -> None:
    built = _build(tmp_path, {"README.md": "[gone](gone.md) [lost](#lost)", "orphan.md": "# Nobody links here"})
    assert built.returncode != 0
    assert "gone.md" in built.stderr
    assert "no such anchor" in built.stderr
    assert 'not included in the "nav"' in built.stderr
    assert "Aborted with 3 warnings in strict mode" in built.stdout + built.stderr  # each of them counts
