"""The Tutor plugin in the real Tutor: enabled, its environment rendered, its jobs run as far as Docker."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from catalog_sync.management.commands.update_catalog_data import Command

pytestmark = pytest.mark.deploy

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = ROOT / "deploy/tutor"
# It stands for Docker: it writes down what it is asked for.
DOCKER = """#!/bin/sh
printf '%s\\n' "$@" >> "$DOCKER_LOG"
echo '[]'
"""
JOB = "update-catalog-data"
BEAT = "catalog-sync-beat"


@dataclass(frozen=True)
class Tutor:
    """A Tutor with a root of its own, and the plugin."""

    home: Path

    @property
    def environment(self) -> Path:
        return self.home / "root" / "env"

    def run(self, *arguments: str) -> str:
        environ = os.environ | {
            "TUTOR_ROOT": str(self.home / "root"),
            "TUTOR_PLUGINS_ROOT": str(self.home / "plugins"),
            "PYTHONPATH": str(self.home / "installed"),
            "PATH": f"{self.home / 'bin'}:{os.environ['PATH']}",
            "DOCKER_LOG": str(self.home / "docker.log"),
        }
        process = subprocess.run(
            [Path(sys.executable).with_name("tutor"), *arguments],
            cwd=self.home,
            env=environ,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert process.returncode == 0, process.stdout + process.stderr
        return process.stdout

    def asked_of_docker(self, *arguments: str) -> str:
        """What Docker was asked for by this command."""
        log = self.home / "docker.log"
        log.unlink(missing_ok=True)
        self.run(*arguments)
        return log.read_text()

    def read(self, *path: str) -> str:
        return self.environment.joinpath(*path).read_text()

    def configured(self, name: str) -> str:
        return self.run("config", "printvalue", name).strip()


def make(home: Path, **settings: object) -> Tutor:
    """Install the plugin, as pip does from its folder, and render everything."""
    shutil.copytree(
        PLUGIN, home / "source", ignore=shutil.ignore_patterns("*.egg-info", "build", "__pycache__")
    )
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", home / "installed"]
    subprocess.run([*pip, home / "source"], check=True, capture_output=True)
    (home / "bin").mkdir()
    (home / "bin" / "docker").write_text(DOCKER)
    (home / "bin" / "docker").chmod(0o755)
    tutor = Tutor(home)
    tutor.run("plugins", "enable", "discovery", "catalog-sync")
    tutor.run("config", "save", *(f"--set=CATALOG_SYNC_{name}={value}" for name, value in settings.items()))
    return tutor


@pytest.fixture(scope="module")
def tutor(tmp_path_factory) -> Tutor:
    """With what the plugin sets by itself."""
    return make(tmp_path_factory.mktemp("tutor"))


@pytest.fixture(scope="module")
def tutor_with_beat(tmp_path_factory) -> Tutor:
    """With celery beat in place of the CronJob, and another package."""
    return make(
        tmp_path_factory.mktemp("tutor"),
        RUN_BEAT=True,
        RUN_CRONJOB=False,
        PACKAGE="catalog-sync==9",
        OAUTH2_KEY="me",
    )


def documents(tutor: Tutor, *path: str) -> dict[str, dict]:
    """The YAML documents of a file, by kind and name."""
    import yaml

    found = [document for document in yaml.safe_load_all(tutor.read(*path)) if document]
    return {f"{each['kind']} {each['metadata']['name']}": each for each in found}


def services(tutor: Tutor) -> dict[str, dict]:
    import yaml

    return (
        yaml.safe_load(tutor.read("local", "docker-compose.prod.yml"))["services"]
        | yaml.safe_load(tutor.read("local", "docker-compose.yml"))["services"]
    )


def our_settings(tutor: Tutor, which: str = "production") -> dict:
    """What our part of the LMS's settings file sets, run for itself."""
    text = tutor.read("apps", "openedx", "settings", "lms", f"{which}.py")
    ast.parse(text)
    part = text[text.index("# catalog-sync\n") : text.index("# End of catalog-sync\n")]
    assert text.index("import *") < text.index(part)
    settings = {"CELERYBEAT_SCHEDULE": {"another": {"task": "of.the.lms"}}}
    exec(part, settings)
    return settings


def test_image_installs_the_app(tutor, tutor_with_beat):
    line = "$PIP_COMMAND install '{}'"
    assert line.format("openedx-catalog-sync>=0.1,<0.2") in tutor.read("build", "openedx", "Dockerfile")
    assert line.format("catalog-sync==9") in tutor_with_beat.read("build", "openedx", "Dockerfile")


@pytest.mark.parametrize("which", ["production", "development"])
def test_lms_knows_its_catalog_and_client(tutor, which):
    settings = our_settings(tutor, which)
    assert settings["COURSE_CATALOG_API_URL"] == "http://discovery:8000/api/v1"
    assert settings["BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL"] == "http://lms:8000/oauth2"
    assert settings["BACKEND_SERVICE_EDX_OAUTH2_KEY"] == "catalog-sync"
    assert settings["BACKEND_SERVICE_EDX_OAUTH2_SECRET"] == tutor.configured("CATALOG_SYNC_OAUTH2_SECRET")


def test_secret_is_each_installations_own(tutor, tutor_with_beat):
    secrets = {each.configured("CATALOG_SYNC_OAUTH2_SECRET") for each in (tutor, tutor_with_beat)}
    assert {len(secret) for secret in secrets} == {24}
    assert len(secrets) == 2


def test_studio_is_not_told_where_the_catalog_is(tutor):
    assert "catalog-sync" not in tutor.read("apps", "openedx", "settings", "cms", "production.py")


class TestInit:
    """``tutor local do init``."""

    def test_makes_the_client_whose_secret_the_lms_has(self, tutor):
        script = tutor.asked_of_docker("local", "do", "init", "--limit=catalog-sync")
        assert "create_dot_application" in script
        assert "--client-id catalog-sync" in script
        assert f"--client-secret {tutor.configured('CATALOG_SYNC_OAUTH2_SECRET')}" in script
        assert script.rstrip().endswith("catalog-sync catalog_sync")

    def test_makes_an_ordinary_user(self, tutor):
        script = tutor.asked_of_docker("local", "do", "init", "--limit=catalog-sync")
        (line,) = re.findall(r"manage_user (.*)", script)
        assert line == "catalog_sync catalog_sync@openedx --unusable-password"

    def test_script_is_good_shell(self, tutor):
        script = PLUGIN / "tutorcatalogsync/tasks/lms-init.sh"
        subprocess.run(["bash", "-n", script], check=True)


class TestJob:
    """``tutor local do update-catalog-data``."""

    def test_runs_the_command_in_the_lms(self, tutor):
        asked = tutor.asked_of_docker("local", "do", JOB).splitlines()
        assert "lms-job" in asked
        assert asked[-1].endswith("./manage.py lms update_catalog_data")

    def test_hands_every_option_on(self, tutor):
        options = ["--page-size", "100", "--dry-run", "--json", "--course-key", "course-v1:a+b+c"]
        command = tutor.asked_of_docker("local", "do", JOB, *options).splitlines()[-1]
        assert command.endswith(f"update_catalog_data {' '.join(options)}")
        assert Command().create_parser("manage.py", "update_catalog_data").parse_args(options).dry_run

    def test_help_is_the_commands_own(self, tutor):
        assert (
            tutor.asked_of_docker("local", "do", JOB, "--help")
            .rstrip()
            .endswith("update_catalog_data --help")
        )


class TestCronJob:
    """The Kubernetes manifest."""

    @pytest.fixture
    def job(self, tutor):
        return documents(tutor, "k8s", "deployments.yml")[f"CronJob {JOB}"]

    def test_runs_every_four_hours_and_never_twice_at_once(self, job):
        spec = job["spec"]
        assert (spec["schedule"], spec["timeZone"]) == ("15 1-23/4 * * *", "Etc/UTC")
        assert spec["concurrencyPolicy"] == "Forbid"
        assert spec["jobTemplate"]["spec"]["activeDeadlineSeconds"] == 3600

    def test_runs_the_command_as_the_lms_does(self, job, tutor):
        pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        worker = documents(tutor, "k8s", "deployments.yml")["Deployment lms-worker"]["spec"]["template"][
            "spec"
        ]
        (container,) = pod["containers"]
        assert container["args"][:3] == ["./manage.py", "lms", "update_catalog_data"]
        Command().create_parser("manage.py", "update_catalog_data").parse_args(container["args"][3:])
        for name in ("env", "volumeMounts", "image", "securityContext"):
            assert container[name] == worker["containers"][0][name]
        assert pod["volumes"] == worker["volumes"]

    def test_tries_again_where_another_sync_runs_and_gives_up_on_wrong_usage(self, job):
        spec = job["spec"]["jobTemplate"]["spec"]
        rules = {
            rule["onExitCodes"]["values"][0]: (rule["action"], rule["onExitCodes"]["containerName"])
            for rule in spec["podFailurePolicy"]["rules"]
        }
        assert rules == {75: ("Ignore", JOB), 2: ("FailJob", JOB)}
        assert spec["template"]["spec"]["restartPolicy"] == "Never"  # or there is no policy

    def test_is_deployed_and_is_no_job_of_tutors_own(self, job):
        labels = job["metadata"]["labels"]
        assert labels == {"app.kubernetes.io/name": JOB}

    def test_can_be_switched_off(self, tutor_with_beat):
        assert f"CronJob {JOB}" not in documents(tutor_with_beat, "k8s", "deployments.yml")


class TestBeat:
    """Celery beat, where it is switched on."""

    def test_is_off_by_default(self, tutor):
        assert BEAT not in services(tutor)
        assert f"Deployment {BEAT}" not in documents(tutor, "k8s", "deployments.yml")
        assert our_settings(tutor)["CELERYBEAT_SCHEDULE"].keys() == {"another"}

    def test_entry_names_our_task_and_leaves_the_others(self, tutor_with_beat):
        from catalog_sync import tasks

        schedule = our_settings(tutor_with_beat)["CELERYBEAT_SCHEDULE"]
        assert schedule.keys() == {"another", JOB}
        assert schedule[JOB]["task"] == tasks.update_catalog_data.name

    def test_entry_runs_every_four_hours(self, tutor_with_beat):
        crontab = our_settings(tutor_with_beat)["CELERYBEAT_SCHEDULE"][JOB]["schedule"]
        assert (crontab.minute, crontab.hour) == ({15}, {1, 5, 9, 13, 17, 21})

    def test_has_a_container_of_its_own(self, tutor_with_beat):
        local = services(tutor_with_beat)
        assert local[BEAT]["command"][:3] == ["celery", "--app=lms.celery", "beat"]
        assert set(local[BEAT]["depends_on"]) <= local.keys()
        assert (
            documents(tutor_with_beat, "k8s", "deployments.yml")[f"Deployment {BEAT}"]["spec"]["replicas"]
            == 1
        )
