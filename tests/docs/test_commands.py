"""Every command in the documentation is one: parsed by what it calls, and run where that does no harm."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from django.core.management import call_command, get_commands, load_command_class

from tests.factories import CourseOverviewFactory

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *(ROOT / "docs").rglob("*.rst"),
    ROOT / "README.rst",
    ROOT / "CONTRIBUTING.rst",
    ROOT / "deploy/tutor/README.rst",
]
LINE = re.compile(r"^\s+(?:\$ )?((?:manage\.py|make|tutor|jenkins-jobs|pip) .*)$", re.MULTILINE)
INLINE = re.compile(r"``((?:manage\.py|make) [^`]+)``")
# The rest builds a package or starts a platform.
TUTOR_ARGUMENTS = {
    "plugins enable discovery catalog-sync",
    "images build openedx",
    "local launch",
    "k8s start",
}


def commands(program: str) -> list[str]:
    """The commands of this program in all of the documentation, each once, without comments."""
    found = set()
    for page in PAGES:
        if "_build" not in page.parts:
            text = page.read_text()
            found.update(LINE.findall(text))
            found.update(INLINE.findall(text))
    # Square brackets say that an option may be left out; here it is not.
    lines = {re.sub(r"[\[\]]", "", each.partition("  #")[0]).strip() for each in found}
    return sorted(line for line in lines if line.split()[0] == program)


def django_arguments(line: str) -> list[str]:
    """What follows ``manage.py``, and in Open edX the name of the service."""
    arguments = shlex.split(line)[1:]
    return arguments[1:] if arguments[0] == "lms" else arguments


def is_run_here(line: str) -> bool:
    name, *options = django_arguments(line)
    # What Celery workers do is tested with real ones.
    return (
        name in ("update_catalog_data", "tune_page_size", "check", "migrate")
        and "--distribute" not in options
    )


def test_the_documentation_has_commands():
    assert len(commands("manage.py")) > 10
    assert "make demo" in commands("make")


@pytest.mark.parametrize("line", commands("manage.py"))
def test_command_is_one_of_django_or_ours(line):
    name, *arguments = django_arguments(line)
    if name == "sync_course_runs":  # edx-platform's, which there is not here
        assert not arguments
        return
    command = load_command_class(get_commands()[name], name)
    command.create_parser("manage.py", name).parse_args(arguments)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("line", [line for line in commands("manage.py") if is_run_here(line)])
def test_command_runs(line, catalog, capsys):
    catalog.control.generate(30)
    for row in catalog.control.runs()[:5]:
        CourseOverviewFactory(id=row["key"])
    call_command(*django_arguments(line))


@pytest.mark.parametrize("line", commands("make"))
def test_target_is_in_the_makefile(line):
    words = [word for word in shlex.split(line) if not word.startswith("#")]
    process = subprocess.run(
        ["make", "--dry-run", *words[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stderr


@pytest.mark.parametrize("line", commands("tutor"))
def test_tutor_command_is_known(line):
    arguments = shlex.split(line)[1:]
    if arguments[:3] == ["local", "do", "update-catalog-data"]:
        command = load_command_class("catalog_sync", "update_catalog_data")
        command.create_parser("manage.py", "update_catalog_data").parse_args(arguments[3:])
    elif arguments[:2] == ["config", "save"]:
        names = re.findall(r"CATALOG_SYNC_(\w+)=", line)
        plugin = (ROOT / "deploy/tutor/tutorcatalogsync/plugin.py").read_text()
        assert names
        assert all(f'    "{name}": ' in plugin for name in names)
    else:
        assert " ".join(arguments) in TUTOR_ARGUMENTS


@pytest.mark.parametrize("line", commands("jenkins-jobs"))
def test_jenkins_job_is_where_it_is_said_to_be(line):
    assert ROOT.joinpath(shlex.split(line)[-1]).is_file()


@pytest.mark.parametrize("line", [line for line in commands("pip") if "/" in line and "://" not in line])
def test_what_pip_installs_is_where_it_is_said_to_be(line):
    assert (ROOT / shlex.split(line)[-1] / "pyproject.toml").is_file()
