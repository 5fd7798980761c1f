"""Check that the package, the changelog and the tag name the same version: check_release.py [VERSION OF THE TAG]."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Exit with 1 and one line per disagreement."""
    version = re.search(r'__version__ = "(.+)"', (ROOT / "catalog_sync/__init__.py").read_text()).group(1)
    changelog = (ROOT / "CHANGELOG.rst").read_text()
    faults = []
    if sys.argv[1:] and sys.argv[1] != version:
        faults.append(f"The tag has version {sys.argv[1]}, but catalog_sync.__version__ is {version}.")
    if not re.search(rf"^{re.escape(version)} \(\d{{4}}-\d{{2}}-\d{{2}}\)$", changelog, re.MULTILINE):
        faults.append(
            f"CHANGELOG.rst has no title '{version} (YYYY-MM-DD)'. Add the section of this version."
        )
    if faults:
        sys.exit("\n".join(faults))
    print(f"Version {version}: the package and the changelog agree.")


if __name__ == "__main__":
    main()
