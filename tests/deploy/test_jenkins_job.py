"""The Jenkins jobs: the XML that jenkins-job-builder generates, and the pipeline, which must agree with it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[2]
JENKINS = ROOT / "deploy/jenkins"
SCRIPT = JENKINS / "update_catalog_data.sh"
PIPELINE = (JENKINS / "Jenkinsfile").read_text()
CRON = "TZ=Etc/UTC\nH(0-29) 1-23/4 * * *"


@pytest.fixture(scope="module")
def job(tmp_path_factory) -> ElementTree.Element:
    folder = tmp_path_factory.mktemp("jobs")
    command = [sys.executable, "-m", "jenkins_jobs", "test", "--config-xml", "-o", folder]
    process = subprocess.run(
        [*command, JENKINS / "LMS_update_catalog_data.yaml"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    assert "deprecated" not in process.stderr.lower()
    return ElementTree.parse(folder / "LMS_update_catalog_data" / "config.xml").getroot()


@pytest.mark.deploy
class TestGeneratedJob:
    """``jenkins-jobs test``, offline."""

    def test_is_a_freestyle_job(self, job):
        assert job.tag == "project"

    def test_runs_one_build_at_a_time(self, job):
        assert job.findtext("concurrentBuild") == "false"

    def test_has_the_parameters_page_size_and_dry_run(self, job):
        parameters = job.find(".//parameterDefinitions")
        found = {each.findtext("name"): (each.tag, each.findtext("defaultValue")) for each in parameters}
        assert found == {
            "PAGE_SIZE": ("hudson.model.StringParameterDefinition", "500"),
            "DRY_RUN": ("hudson.model.BooleanParameterDefinition", "false"),
        }

    def test_runs_every_four_hours(self, job):
        assert job.findtext(".//hudson.triggers.TimerTrigger/spec") == CRON

    def test_runs_the_script_unchanged(self, job):
        assert job.findtext(".//hudson.tasks.Shell/command") == SCRIPT.read_text()

    def test_is_only_unstable_if_another_sync_is_running(self, job):
        assert job.findtext(".//hudson.tasks.Shell/unstableReturn") == "75"

    def test_fails_after_an_hour(self, job):
        timeout = job.find(".//hudson.plugins.build__timeout.BuildTimeoutWrapper")
        assert timeout.findtext("strategy/timeoutMinutes") == "60"
        assert (
            timeout.find("operationList/hudson.plugins.build__timeout.operations.FailOperation") is not None
        )

    def test_mails_only_failures_and_the_first_success_after_one(self, job):
        mail = job.find(".//hudson.plugins.emailext.ExtendedEmailPublisher")
        triggers = {each.tag.rpartition(".")[2] for each in mail.find("configuredTriggers")}
        assert (triggers, mail.findtext("disabled")) == ({"FailureTrigger", "FixedTrigger"}, "false")

    def test_keeps_the_placeholders_of_jenkins(self, job):
        cause, _, _, log = job.findtext(".//defaultContent").split("\n")
        assert cause == '${BUILD_LOG_REGEX, regex="^CommandError: ", showTruncatedLines=false}'
        assert log == "${BUILD_LOG, maxLines=40}"


class TestPipeline:
    """The Jenkinsfile. Without Groovy the tests cannot run it, so they compare it with the other job."""

    @pytest.mark.parametrize("pair", ["{}", "()"])
    def test_brackets_are_closed(self, pair):
        code = re.sub(r"//.*", "", PIPELINE)
        code = re.sub(r"'(\\.|[^'\\])*'|\"(\\.|[^\"\\])*\"", "", code)
        assert code.count(pair[0]) == code.count(pair[1]) > 0

    @pytest.mark.parametrize("section", ["agent", "parameters", "triggers", "options", "stages", "post"])
    def test_has_each_section_once(self, section):
        assert len(re.findall(rf"^    {section} \{{", PIPELINE, re.MULTILINE)) == 1

    def test_has_the_same_schedule(self):
        assert f"cron('{CRON}')".replace("\n", r"\n") in PIPELINE

    def test_has_the_same_parameters(self):
        assert re.findall(r"\w+\(name: '(\w+)', defaultValue: (\S+),", PIPELINE) == [
            ("PAGE_SIZE", "'500'"),
            ("DRY_RUN", "false"),
        ]

    def test_runs_the_same_script(self):
        (script,) = re.findall(r"sh\(script: '([^']+)', returnStatus: true\)", PIPELINE)
        assert ROOT / script == SCRIPT

    @pytest.mark.parametrize(
        "line",
        [
            "disableConcurrentBuilds()",
            "timeout(time: 60, unit: 'MINUTES')",
            "if (status == 75) {",
            "} else if (status != 0) {",
        ],
    )
    def test_has_the_same_limits(self, line):
        assert line in PIPELINE
