"""Check that everything that names the version names the same one: check_release.py [VERSION OF THE TAG]."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
WHEEL = re.compile(r"openedx_catalog_sync-([^-]+)-py3-none-any\.whl")


def faults(version: str, tag: str) -> Iterator[str]:
    """Yield one line per disagreement."""
    if tag != version:
        yield f"The tag has version {tag}, but catalog_sync.__version__ is {version}."
    changelog = (ROOT / "CHANGELOG.rst").read_text()
    if not re.search(rf"^{re.escape(version)} \(\d{{4}}-\d{{2}}-\d{{2}}\)$", changelog, re.MULTILINE):
        yield f"CHANGELOG.rst has no title '{version} (YYYY-MM-DD)'. Add the section of this version."
    for page in [ROOT / "README.rst", *ROOT.glob("docs/**/*.rst"), *ROOT.glob("deploy/**/*.rst")]:
        for named in sorted(set(WHEEL.findall(page.read_text())) - {version}):
            yield f"{page.relative_to(ROOT)} names the wheel of version {named}. Replace it with {version}."
    plugin = (ROOT / "deploy/tutor/tutorcatalogsync/plugin.py").read_text()
    package = Requirement(re.search(r'"PACKAGE": "(.+)"', plugin).group(1))
    if not package.specifier.contains(version):
        yield f"The Tutor plugin installs {package}, which excludes {version}. Change PACKAGE in plugin.py."


def main() -> None:
    """Exit with 1 if something disagrees."""
    version = re.search(r'__version__ = "(.+)"', (ROOT / "catalog_sync/__init__.py").read_text()).group(1)
    found = list(faults(version, *sys.argv[1:] or [version]))
    if found:
        sys.exit("\n".join(found))
    print(f"Version {version}: the package, the changelog, the documentation and the Tutor plugin agree.")


if __name__ == "__main__":
    main()
