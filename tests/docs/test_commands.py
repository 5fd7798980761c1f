"""A test runs every command in the documentation. This module runs ``manage.py`` and ``python -m pytest``."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import textwrap

import pytest
from django.core.management import call_command, get_commands, load_command_class

from catalog_sync.models import CatalogCourseRun
from tests.docs.commands import PAGES, ROOT, RUN_BY, all_commands, commands
from tests.factories import CourseOverviewFactory

# Blocks in other languages, and blocks of output.
OTHER_BLOCK = re.compile(r"^( *)(?!\.\. )\S?[^\n]*::\n\n((?:\1 +\S[^\n]*\n|\n)+)", re.MULTILINE)
SHELL_BLOCK = re.compile(r"``manage\.py lms shell``::\n\n((?:    .*\n|\n)+)")


def django_arguments(line: str) -> list[str]:
    """Return the arguments after ``manage.py`` and, in Open edX, the name of the service."""
    arguments = shlex.split(line)[1:]
    return arguments[1:] if arguments[0] == "lms" else arguments


def is_run_here(line: str) -> bool:
    # Other tests run Celery workers and the code in blocks for the shell.
    return "--distribute" not in line and django_arguments(line) != ["shell"]


def test_every_command_is_run_by_a_test():
    for line in all_commands():
        (start,) = (start for start in RUN_BY if line in commands(start))
        assert f'commands("{start}")' in (ROOT / RUN_BY[start]).read_text(), line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_are_in_bash_blocks(page):
    lines = [
        line
        for _, block in OTHER_BLOCK.findall(page.read_text())
        for line in block.splitlines()
        if line.strip()
    ]
    programs = {start.split()[0] for start in RUN_BY}
    assert not [line for line in lines if line.split()[0] in programs]


@pytest.mark.parametrize("line", commands("manage.py"))
def test_command_accepts_its_options(line):
    name, *arguments = django_arguments(line)
    command = load_command_class(get_commands()[name], name)
    command.create_parser("manage.py", name).parse_args(arguments)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("line", [line for line in commands("manage.py") if is_run_here(line)])
def test_command_runs(line, catalog, capsys):
    catalog.control.generate(30)
    for row in catalog.control.runs()[:5]:
        CourseOverviewFactory(id=row["key"])
    for key in re.findall(r"--course-key (\S+)", line):
        CourseOverviewFactory(id=key)  # if nobody has it, the command exits with 1
    if "catalog_sync_status" in line:
        call_command("update_catalog_data")  # without a sync run, catalog_sync_status exits with 1
    try:
        call_command(*django_arguments(line))
    finally:
        call_command("migrate", verbosity=0)  # one of the commands deletes the tables


@pytest.mark.django_db
def test_code_for_the_shell_deletes_the_rows_of_a_catalog():
    CatalogCourseRun.objects.create(course_key="course-v1:edX+DemoX+1T2026", catalog="partner")
    (block,) = SHELL_BLOCK.findall((ROOT / "docs/how-tos/several-catalogs.rst").read_text())
    call_command("shell", "--no-imports", command=textwrap.dedent(block))
    assert not CatalogCourseRun.objects.exists()


@pytest.mark.parametrize("line", commands("python -m pytest"))
def test_pytest_command_runs(line):
    """Run it with the Python of this test, on SQLite, because this test may be using the other database."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "LMS_"))}
    words = [sys.executable, *shlex.split(line)[1:]]
    process = subprocess.run(words, cwd=ROOT, env=inherited, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stdout
