"""An LMS and a Studio in a temporary folder, with the installed wheel."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.catalog.auth import SIGNING_KEY
from sandbox.catalog.testing import CatalogProcess
from tests.hosts.openedx.edx_platform.courses import LMS_ROOT_URL, catalog_rows
from tests.packaging.installation import Installation, run

pytest_plugins = ["tests.packaging.installation"]

PLATFORM = Path(__file__).with_name("edx_platform")
OTHER_FILTER = "org.openedx.learning.course.unenrollment.started.v1"
OTHER_PIPELINE = {"fail_silently": False, "pipeline": ["another_plugin.filters.StopUnenrollment"]}


@dataclass(frozen=True)
class Host:
    """An LMS and its Studio, which share a database."""

    folder: Path
    installation: Installation
    release: str

    def run(self, service: str, scenario: str, *arguments: str) -> dict[str, Any]:
        """Run a scenario of ``drive.py`` in the LMS (``lms``) or in Studio (``cms``), and return its record."""
        process = run(
            self.installation.python,
            *("-X", "dev", "drive.py", scenario, *arguments),
            cwd=self.folder,
            PYTHONPATH=str(self.installation.platform_packages),
            DJANGO_SETTINGS_MODULE=f"{service}.envs.production",
            LMS_CFG="lms.yml",
            CMS_CFG="lms.yml",
            PLATFORM_RELEASE=self.release,
        )
        assert process.returncode == 0, process.stderr
        return json.loads(process.stdout)


@pytest.fixture(scope="module")
def make_host(
    installation: Installation, catalog_process: CatalogProcess, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Host]:
    """Return a function that copies the host into a folder and writes its YAML file."""
    catalog_process.control.reset()
    catalog_process.control.set_runs(catalog_rows())

    def make(release: str, **configuration: Any) -> Host:
        folder = tmp_path_factory.mktemp("host") / "edx-platform"
        shutil.copytree(PLATFORM, folder, ignore=shutil.ignore_patterns("__pycache__"))
        database = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "db.sqlite3")}
        yaml_file = {
            "DATABASES": {"default": database},
            "SITE_ID": 2,  # As Tutor sets it.
            "LMS_ROOT_URL": LMS_ROOT_URL,
            "JWT_AUTH": {"JWT_ISSUER": f"{LMS_ROOT_URL}/oauth2", "JWT_SECRET_KEY": SIGNING_KEY},
            "OPEN_EDX_FILTERS_CONFIG": {OTHER_FILTER: OTHER_PIPELINE},
        }
        # JSON is YAML.
        (folder / "lms.yml").write_text(json.dumps(yaml_file | configuration))
        return Host(folder, installation, release)

    return make
