"""The wheel is complete: a small LMS outside the repository runs with it."""

from __future__ import annotations

import json
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.packaging.installation import ROOT, must_run, run

PROJECT = Path(__file__).with_name("project")
OFFERED, UNLISTED = "course-v1:WheelX+Offered+2026", "course-v1:WheelX+Unlisted+2026"
URL = "https://www.example.com/course/offered"
ABOUT = f"https://lms.example.com/courses/{UNLISTED}/about"

pytest_plugins = ["tests.packaging.installation"]
pytestmark = pytest.mark.packaging


@dataclass(frozen=True)
class Lms:
    """An LMS with a folder and a virtual environment of its own."""

    folder: Path
    python: Path
    environ: dict[str, str]

    def manage(self, *arguments: str) -> str:
        return must_run(self.python, "-X", "dev", "manage.py", *arguments, cwd=self.folder, **self.environ)

    def shell(self, code: str) -> str:
        return self.manage("shell", "--no-imports", "-c", code)

    def links(self) -> dict[str, str]:
        """Return the links of the enrollment API, by course key."""
        output = self.shell(
            "from django.test import Client; print(Client().get('/api/enrollments').content.decode())"
        )
        courses = [result["course"] for result in json.loads(output)["results"]]
        return {course["id"]: course["course_about"] for course in courses}


@pytest.fixture(scope="module")
def lms(installation, tmp_path_factory, catalog_process) -> Lms:
    """An LMS with its tables and two courses."""
    catalog_process.control.reset()
    catalog_process.control.set_runs([{"key": OFFERED, "marketing_url": URL}])
    folder = tmp_path_factory.mktemp("elsewhere") / "lms"
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("__pycache__"))
    lms = Lms(folder, installation.python, catalog_process.lms_environment)
    lms.manage("makemigrations", "course_overviews")
    lms.manage("migrate")
    lms.shell(
        "from course_overviews.models import CourseOverview\n"
        f"for key in {(OFFERED, UNLISTED)}: CourseOverview.objects.create(id=key)"
    )
    return lms


def test_wheel_has_every_file_of_the_package(installation):
    sources = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "catalog_sync").rglob("*")
        # conf: extracted texts, which are not in the package
        if path.is_file() and not {"__pycache__", "conf"} & set(path.relative_to(ROOT).parts)
    }
    packed = {name for name in zipfile.ZipFile(installation.wheel).namelist() if ".dist-info/" not in name}
    assert packed == sources


def test_wheel_is_a_plugin_of_the_lms_and_of_studio(installation):
    archive = zipfile.ZipFile(installation.wheel)
    (name,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
    assert {"[lms.djangoapp]", "[cms.djangoapp]"} <= set(archive.read(name).decode().splitlines())


def test_lms_uses_the_wheel_and_not_the_repository(lms):
    assert lms.shell("import catalog_sync; print(catalog_sync.__file__)").startswith(
        str(lms.python.parents[1])
    )
    assert run(lms.python, "-c", "import sandbox", cwd=lms.folder).returncode != 0


def test_installed_packages_fit_together(lms):
    must_run(lms.python, "-m", "pip", "check", cwd=lms.folder)


def test_checks_pass_and_migrations_are_complete(lms):
    assert "no issues" in lms.manage("check", "--fail-level", "WARNING")

    assert "No changes detected" in lms.manage("makemigrations", "--check", "--dry-run")


def test_static_files_are_collected(lms):
    assert "static file" in lms.manage("collectstatic", "--no-input")


def test_admin_pages_have_their_templates(lms):
    output = lms.shell(
        "from django.contrib.auth.models import User; from django.test import Client\n"
        "client = Client(); client.force_login(User.objects.create_superuser('root'))\n"
        "for model in ('catalogcourserun', 'syncrun', 'catalogsyncconfig'):\n"
        "    print(client.get(f'/admin/catalog_sync/{model}/').status_code)"
    )
    assert output.split() == ["200"] * 3


def test_sync_updates_the_links_of_the_enrollment_api(lms):
    before = lms.links()
    report = json.loads(lms.manage("update_catalog_data", "--json"))
    assert (report["status"], report["matched"], report["not_in_catalog"]) == ("succeeded", 1, 1)
    assert before[UNLISTED] == ABOUT
    assert lms.links() == {OFFERED: URL, UNLISTED: ABOUT}
