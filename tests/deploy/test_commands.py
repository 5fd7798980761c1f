"""The documented commands of Tutor, jenkins-job-builder and pip work as written, with a stand-in for Docker."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.deploy.jenkins_server import JenkinsServer
from tests.deploy.operator import Operator
from tests.docs.commands import ROOT, commands
from tests.processes.manage import Lms

pytestmark = pytest.mark.deploy

# The first argument of Open edX's manage.py is the name of the service.
MANAGE = f"""#!/bin/sh
test "$1" = lms || exit 2
shift
exec {sys.executable} {ROOT / "manage.py"} "$@"
"""
# The call of Docker or kubectl that each Tutor command must make.
CALLS = {
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


@pytest.fixture(scope="module")
def operator(tmp_path_factory) -> Operator:
    return Operator.with_plugin(tmp_path_factory.mktemp("operator"))


def test_pip_installs_the_plugin(operator):
    assert "catalog-sync" in operator.types("tutor plugins list")


@pytest.mark.parametrize("line", commands("tutor"))
def test_tutor_calls_docker_or_kubectl_as_documented(line, operator):
    ((pattern, match),) = ((each, found) for each in CALLS if (found := re.fullmatch(each, line)))
    operator.types(line)
    options = re.escape(match.groupdict().get("options") or "")
    assert re.search(CALLS[pattern].replace("{options}", options), operator.calls, re.DOTALL)


@pytest.mark.parametrize("line", [line for line in commands("tutor") if " config save " in line])
def test_tutor_stores_the_settings(line, operator):
    operator.types(line)
    for name, value in re.findall(r'--set "?(\w+)=([^" ]+)', line):
        assert operator.setting(name).lower() == value


@pytest.mark.parametrize("line", [line for line in commands("tutor") if " do " in line])
def test_script_of_the_container_runs_a_sync(line, operator, catalog, tmp_path):
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
def test_jenkins_job_builder_creates_the_job(line, operator):
    """``jenkins-jobs test`` prints the XML, and ``update`` sends it to Jenkins."""
    with JenkinsServer() as jenkins:
        configuration = operator.home / ".config/jenkins_jobs/jenkins_jobs.ini"
        configuration.parent.mkdir(parents=True, exist_ok=True)
        configuration.write_text(f"[jenkins]\nurl={jenkins.url}\nuser=operator\npassword=secret\n")
        printed = operator.types(line)
    assert "update_catalog_data --no-progress" in (jenkins.jobs.get("LMS_update_catalog_data") or printed)
