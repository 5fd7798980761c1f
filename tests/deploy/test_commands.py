"""The documentation's commands of Tutor, jenkins-job-builder and pip, run to the letter as far as Docker."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deploy.jenkins_server import JenkinsServer
from tests.docs.commands import ROOT, commands
from tests.processes.manage import Lms

pytestmark = pytest.mark.deploy

# It stands for Docker and for kubectl: it writes down what it is asked for, a line an argument.
STAND_IN = """#!/bin/sh
printf '%s\\n' "${0##*/} $*" >> "$ASKED"
for last; do :; done
printf '%s\\n' "$last" > "$ASKED.last"
echo '[]'
"""
# manage.py of Open edX takes the name of the service first.
MANAGE = f"""#!/bin/sh
test "$1" = lms || exit 2
shift
exec {sys.executable} {ROOT / "manage.py"} "$@"
"""
# What each command of Tutor is to ask for.
ASKED = {
    "tutor plugins enable discovery catalog-sync": r"docker info",
    "tutor config save .*": r"docker info",
    "tutor images build openedx": r"docker buildx build .* \S+/env/build/openedx",
    "tutor local launch": r"docker compose .* run --rm -T lms-job sh -e -c .*manage\.py lms migrate",
    "tutor local run lms (?P<options>.*)": r"docker compose .* run --rm (-T )?lms {options}\n",
    "tutor local do update-catalog-data(?P<options>.*)": (
        r"docker compose .* run --rm -T lms-job sh -e -c ./manage.py lms update_catalog_data{options}\n"
    ),
    "tutor k8s start": r"kubectl apply --kustomize \S+/env ",
}


@dataclass(frozen=True)
class Operator:
    """Somebody in a folder that has ``deploy/``, with a home, a Tutor, a Docker and a kubectl of their own."""

    home: Path

    def types(self, line: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Run a line, with options that only keep it in this folder; Enter is the answer to all questions."""
        asked = self.home / "asked"
        asked.write_text("")
        process = subprocess.run(
            ["bash", "-c", " ".join([line, *options])],
            cwd=self.home,
            env=os.environ
            | {
                "HOME": str(self.home),
                "TUTOR_ROOT": str(self.home / "root"),
                "TUTOR_PLUGINS_ROOT": str(self.home / "plugins"),
                "PYTHONPATH": str(self.home / "installed"),
                "PATH": f"{self.home / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
                "ASKED": str(asked),
            },
            input="\n" * 100,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert process.returncode == 0, process.stdout + process.stderr
        return process

    @property
    def asked(self) -> str:
        """What Docker and kubectl were asked for by the last line."""
        return (self.home / "asked").read_text()

    @property
    def script(self) -> str:
        """The last argument of the last of these, which for a job is what the container's shell is to run."""
        return (self.home / "asked.last").read_text()


@pytest.fixture(scope="module")
def operator(tmp_path_factory) -> Operator:
    """Who has typed the first two lines that the pages on Tutor give."""
    home = tmp_path_factory.mktemp("operator")
    ignored = shutil.ignore_patterns("*.egg-info", "build", "__pycache__")
    shutil.copytree(ROOT / "deploy", home / "deploy", ignore=ignored)
    (home / "bin").mkdir()
    for name in ("docker", "kubectl"):
        (home / "bin" / name).write_text(STAND_IN)
        (home / "bin" / name).chmod(0o755)
    operator = Operator(home)
    (line,) = commands("pip install ./deploy")
    operator.types(line, "--quiet", "--no-deps", f"--target={home / 'installed'}")
    operator.types("tutor plugins enable discovery catalog-sync")
    return operator


def test_pip_installs_the_plugin(operator):
    assert "catalog-sync" in operator.types("tutor plugins list").stdout


@pytest.mark.parametrize("line", commands("tutor"))
def test_tutor_asks_for_the_right_thing(line, operator):
    ((pattern, match),) = ((each, found) for each in ASKED if (found := re.fullmatch(each, line)))
    operator.types(line)
    options = re.escape(match.groupdict().get("options") or "")
    assert re.search(ASKED[pattern].replace("{options}", options), operator.asked, re.DOTALL)


@pytest.mark.parametrize("line", [line for line in commands("tutor") if " config save " in line])
def test_tutor_keeps_what_is_set(line, operator):
    operator.types(line)
    for name, value in re.findall(r'--set "?(\w+)=([^" ]+)', line):
        assert operator.types(f"tutor config printvalue {name}").stdout.strip().lower() == value


@pytest.mark.parametrize("line", [line for line in commands("tutor") if " do " in line])
def test_what_tutor_has_the_container_run_is_a_sync(line, operator, catalog, tmp_path):
    catalog.control.generate(3)
    lms = Lms.of(tmp_path / "lms.sqlite3", catalog)
    lms.manage("migrate", "--verbosity=0")
    (tmp_path / "manage.py").write_text(MANAGE)
    (tmp_path / "manage.py").chmod(0o755)
    operator.types(line)
    process = subprocess.run(
        ["sh", "-e", "-c", operator.script],
        cwd=tmp_path,
        env=lms.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert re.search(r"^course_runs_retrieved +3$", process.stdout, re.MULTILINE), process.stderr


@pytest.mark.parametrize("line", commands("jenkins-jobs"))
def test_jenkins_job_builder_makes_the_job(line, operator):
    """``test`` prints its XML, ``update`` sends the same to a Jenkins."""
    with JenkinsServer() as jenkins:
        configuration = operator.home / ".config/jenkins_jobs/jenkins_jobs.ini"
        configuration.parent.mkdir(parents=True, exist_ok=True)
        configuration.write_text(f"[jenkins]\nurl={jenkins.url}\nuser=operator\npassword=secret\n")
        printed = operator.types(line).stdout
    assert "update_catalog_data --no-progress" in (jenkins.jobs.get("LMS_update_catalog_data") or printed)
