"""The wheel holds all that runs: built, installed into an empty environment, and used by an LMS of another place."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.docs.commands import commands

ROOT = Path(__file__).resolve().parents[2]
PROJECT = Path(__file__).with_name("project")
# All that the build reads.
SOURCES = [
    "CHANGELOG.rst",
    "LICENSE",
    "MANIFEST.in",
    "README.rst",
    "pyproject.toml",
    "setup.py",
    "catalog_sync",
]
GIVE_UP_SECONDS = 600

OFFERED, UNLISTED = "course-v1:WheelX+Offered+2026", "course-v1:WheelX+Unlisted+2026"
URL = "https://www.example.com/course/offered"
ABOUT = f"https://lms.example.com/courses/{UNLISTED}/about"

pytestmark = pytest.mark.packaging


def run(*command: object, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=inherited | environ,
        capture_output=True,
        text=True,
        timeout=GIVE_UP_SECONDS,
        check=False,
    )


def must_run(*command: object, cwd: Path, **environ: str) -> str:
    process = run(*command, cwd=cwd, **environ)
    assert process.returncode == 0, f"{command}\n{process.stdout}\n{process.stderr}"
    return process.stdout


@dataclass(frozen=True)
class Lms:
    """An LMS in a folder and a virtual environment of its own."""

    folder: Path
    python: Path
    environ: dict[str, str]

    def manage(self, *arguments: str) -> str:
        return must_run(self.python, "-X", "dev", "manage.py", *arguments, cwd=self.folder, **self.environ)

    def shell(self, code: str) -> str:
        return self.manage("shell", "--no-imports", "-c", code)

    def links(self) -> dict[str, str]:
        """The links of the enrollment API, by course key."""
        shown = self.shell(
            "from django.test import Client; print(Client().get('/api/enrollments').content.decode())"
        )
        courses = [result["course"] for result in json.loads(shown)["results"]]
        return {course["id"]: course["course_about"] for course in courses}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built from a copy: a build leaves folders behind, which the next one would pack."""
    source = tmp_path_factory.mktemp("source")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, source)
    wheels = tmp_path_factory.mktemp("wheels")
    must_run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", wheels, source, cwd=source)
    (built,) = wheels.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def lms(wheel, tmp_path_factory, catalog_process) -> Lms:
    """An LMS with the wheel and what it requires, its tables made, two courses in it."""
    catalog_process.control.reset()
    catalog_process.control.set_runs([{"key": OFFERED, "marketing_url": URL}])
    home = tmp_path_factory.mktemp("elsewhere")
    must_run(sys.executable, "-m", "venv", home / "venv", cwd=home)
    python = home / "venv" / "bin" / "python"
    # The documentation's line, in the wheel's folder and with this environment activated.
    (line,) = commands("pip install -c")
    path = f"{python.parent}:{os.environ['PATH']}"
    must_run("bash", "-c", f"{line} --quiet --disable-pip-version-check", cwd=wheel.parent, PATH=path)
    shutil.copytree(PROJECT, home / "lms", ignore=shutil.ignore_patterns("__pycache__"))
    lms = Lms(home / "lms", python, catalog_process.lms_environment)
    lms.manage("makemigrations", "course_overviews")
    lms.manage("migrate")
    lms.shell(
        "from course_overviews.models import CourseOverview\n"
        f"for key in {(OFFERED, UNLISTED)}: CourseOverview.objects.create(id=key)"
    )
    return lms


def test_wheel_holds_every_file_of_the_package(wheel):
    sources = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "catalog_sync").rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"
    }
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert packed == sources


def test_wheel_says_that_it_is_a_plugin_of_the_lms_and_of_studio(wheel):
    archive = zipfile.ZipFile(wheel)
    (name,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
    assert {"[lms.djangoapp]", "[cms.djangoapp]"} <= set(archive.read(name).decode().splitlines())


def test_lms_runs_the_wheel_and_nothing_of_the_repository(lms):
    assert lms.shell("import catalog_sync; print(catalog_sync.__file__)").startswith(
        str(lms.python.parents[1])
    )
    assert run(lms.python, "-c", "import sandbox", cwd=lms.folder).returncode != 0


def test_what_is_installed_agrees_with_each_other(lms):
    must_run(lms.python, "-m", "pip", "check", cwd=lms.folder)


def test_checks_find_nothing(lms):
    assert "no issues" in lms.manage("check", "--fail-level", "WARNING")


def test_migrations_are_complete(lms):
    assert "No changes detected" in lms.manage("makemigrations", "--check", "--dry-run")


def test_static_files_are_collected(lms):
    assert "static file" in lms.manage("collectstatic", "--no-input")


def test_admin_shows_the_tables(lms):
    """Each admin page is rendered by what is installed: templates and translations included."""
    shown = lms.shell(
        "from django.contrib.auth.models import User; from django.test import Client\n"
        "client = Client(); client.force_login(User.objects.create_superuser('root'))\n"
        "for model in ('catalogcourserun', 'syncrun', 'catalogsyncconfig'):\n"
        "    print(client.get(f'/admin/catalog_sync/{model}/').status_code)"
    )
    assert shown.split() == ["200"] * 3


def test_sync_brings_the_link_to_the_enrollment_api(lms):
    before = lms.links()
    report = json.loads(lms.manage("update_catalog_data", "--json"))
    assert (report["status"], report["matched"], report["not_in_catalog"]) == ("succeeded", 1, 1)
    assert before[UNLISTED] == ABOUT
    assert lms.links() == {OFFERED: URL, UNLISTED: ABOUT}
