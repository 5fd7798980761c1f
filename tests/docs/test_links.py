"""Links and paths in the documentation lead to something in the repository. Sphinx checks ``:doc:`` and ``:ref:``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (
    *("benchmarks", "catalog_sync", "deploy", "docs", "requirements", "sandbox", "scripts", "tests"),
    *(".github", ".ci"),
)
SUFFIXES = {".rst", ".py", ".yml", ".yaml", ".toml", ".html", ".in"}
SOURCES = [
    path
    for path in (*ROOT.iterdir(), *(each for name in FOLDERS for each in (ROOT / name).rglob("*")))
    if path.suffix in SUFFIXES and "_build" not in path.parts
]
# A decision describes the code at its time.
PAGES = [path for path in SOURCES if path.suffix == ".rst" and path.parent.name != "decisions"]
# Pages name files of the package, of the stand-in Catalog and of the documentation without their folder.
SHORTENED = [
    ROOT,
    *(ROOT / name for name in ("catalog_sync", "sandbox/catalog")),
    *(ROOT / "docs").glob("**/"),
]
# Files of edx-platform, and the extracted texts, which are not committed.
ELSEWHERE = re.compile(r"(?:lms|cms|common|openedx|requirements/edx|catalog_sync/conf)/")

FORGE = re.compile(
    r"https://(?:github\.com|raw\.githubusercontent\.com)/openedx/openedx-catalog-sync/"
    r"(?:(?:blob|tree)/)?main/([^\s>`\"')]+)"
)
QUOTED = re.compile(rf"``((?:{'|'.join(map(re.escape, FOLDERS))})/[^`\s]+)``")
QUOTED_FILE = re.compile(r"``([\w./-]+\.(?:rst|py))``")


def named(pattern: re.Pattern[str], sources: list[Path]) -> Iterator[tuple[str, str]]:
    """Yield what the sources name: the source and the path."""
    for source in sources:
        for path in sorted(set(pattern.findall(source.read_text()))):
            if not ELSEWHERE.match(path):
                yield str(source.relative_to(ROOT)), path


def anchors(page: Path) -> set[str]:
    """Return the anchors that a forge gives to the titles of a page."""
    titles = re.findall(r"^(.+)\n([=~\-^])\2{2,}$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w-]", "", title.lower().replace(" ", "-")) for title, _ in titles}


def leads_to_a_file(link: str) -> bool:
    path, _, anchor = link.partition("#")
    return (ROOT / path).exists() and (not anchor or anchor in anchors(ROOT / path))


def test_links_to_the_forge_lead_to_a_file():
    links = list(named(FORGE, SOURCES))
    assert links
    assert [link for link in links if not leads_to_a_file(link[1])] == []


def test_quoted_paths_exist():
    paths = list(named(QUOTED, PAGES))
    assert paths
    assert [path for path in paths if not list(ROOT.glob(path[1].partition("::")[0].rstrip("/")))] == []


def test_quoted_names_of_files_exist():
    names = list(named(QUOTED_FILE, PAGES))
    assert names
    assert [name for name in names if not any((folder / name[1]).exists() for folder in SHORTENED)] == []
