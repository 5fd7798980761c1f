"""The plugin in the real Tutor: the rendered environment, and the jobs with a stand-in for Docker."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from catalog_sync.management.commands.update_catalog_data import Command
from tests.deploy.operator import Operator

pytestmark = pytest.mark.deploy

JOB = "update-catalog-data"
BEAT = "catalog-sync-beat"


@pytest.fixture(scope="module")
def tutor(tmp_path_factory) -> Operator:
    """A Tutor with the plugin's defaults."""
    operator = Operator.with_plugin(tmp_path_factory.mktemp("tutor"))
    operator.types("tutor config save")
    return operator


@pytest.fixture(scope="module")
def tutor_with_beat(tmp_path_factory) -> Operator:
    """A Tutor with celery beat instead of the CronJob, an OAuth2 client, and another package."""
    operator = Operator.with_plugin(tmp_path_factory.mktemp("tutor"))
    settings = {
        "RUN_BEAT": True,
        "RUN_CRONJOB": False,
        "PACKAGE": "catalog-sync==9",
        "USE_OAUTH2_CLIENT": True,
        "OAUTH2_KEY": "me",
    }
    options = (f"--set=CATALOG_SYNC_{name}={value}" for name, value in settings.items())
    operator.types("tutor config save", *options)
    return operator


def documents(tutor: Operator, *path: str) -> dict[str, dict]:
    """Return the YAML documents of a file, by kind and name."""
    import yaml

    found = [document for document in yaml.safe_load_all(tutor.rendered(*path)) if document]
    return {f"{each['kind']} {each['metadata']['name']}": each for each in found}


def services(tutor: Operator) -> dict[str, dict]:
    import yaml

    return (
        yaml.safe_load(tutor.rendered("local", "docker-compose.prod.yml"))["services"]
        | yaml.safe_load(tutor.rendered("local", "docker-compose.yml"))["services"]
    )


def our_settings(tutor: Operator, which: str = "production") -> dict:
    """Run our part of the LMS's settings file alone, and return its settings."""
    text = tutor.rendered("apps", "openedx", "settings", "lms", f"{which}.py")
    ast.parse(text)
    part = text[text.index("# catalog-sync\n") : text.index("# End of catalog-sync\n")]
    assert text.index("import *") < text.index(part)
    settings = {"CELERYBEAT_SCHEDULE": {"another": {"task": "of.the.lms"}}}
    exec(part, settings)
    return settings


def write_wheel(folder: Path, name: str, version: str, *, requires: str | None = None) -> None:
    """Write a wheel without code into the folder."""
    stem = f"{name.replace('-', '_')}-{version}"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    files = {
        "METADATA": metadata + (f"Requires-Dist: {requires}\n" if requires else ""),
        "WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{stem}.dist-info/{file},,\n" for file in (*files, "RECORD"))
    with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as wheel:
        for file, text in (files | {"RECORD": record}).items():
            wheel.writestr(f"{stem}.dist-info/{file}", text)


def install_command(tutor: Operator) -> str:
    """Return the shell command of our instruction in the Dockerfile, without Docker's own options."""
    lines = tutor.rendered("build", "openedx", "Dockerfile").partition("# catalog-sync\n")[2].splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("RUN "))
    last = next(number for number in range(first, len(lines)) if not lines[number].endswith("\\"))
    return re.sub(r"^RUN (--mount=\S+ \\\n\s*)*", "", "\n".join(lines[first : last + 1]))


def run_with_packages(
    command: list[object], packages: Path, **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run a command in which pip finds only the packages of this folder."""
    return subprocess.run(
        [str(word) for word in command],
        env=os.environ | {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(packages)} | environ,
        capture_output=True,
        text=True,
        check=False,
    )


def build(tutor: Operator, image: Path, packages: Path) -> subprocess.CompletedProcess[str]:
    """Run our instruction in the Dockerfile with the pip of ``image``."""
    command = ["sh", "-c", install_command(tutor)]
    return run_with_packages(command, packages, PIP_COMMAND=f"{image} -m pip")


def pip(image: Path, packages: Path, *arguments: str) -> str:
    process = run_with_packages([image, "-m", "pip", *arguments], packages)
    assert process.returncode == 0, process.stderr
    return process.stdout


def installed(image: Path, packages: Path) -> set[str]:
    return set(pip(image, packages, "freeze").split())


def test_lms_has_the_address_of_the_catalog_and_no_client(tutor):
    names = {name for name in our_settings(tutor) if name.isupper() and name != "CELERYBEAT_SCHEDULE"}
    assert names == {"COURSE_CATALOG_API_URL"}


@pytest.mark.parametrize("which", ["production", "development"])
def test_address_of_the_catalog_is_that_of_its_container(tutor, which):
    assert our_settings(tutor, which)["COURSE_CATALOG_API_URL"] == "http://discovery:8000/api/v1"


@pytest.mark.parametrize("which", ["production", "development"])
def test_lms_has_the_client_if_one_is_configured(tutor_with_beat, which):
    settings = our_settings(tutor_with_beat, which)
    assert settings["BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL"] == "http://lms:8000/oauth2"
    assert settings["BACKEND_SERVICE_EDX_OAUTH2_KEY"] == "me"
    secret = tutor_with_beat.setting("CATALOG_SYNC_OAUTH2_SECRET")
    assert settings["BACKEND_SERVICE_EDX_OAUTH2_SECRET"] == secret


def test_each_installation_has_its_own_secret(tutor, tutor_with_beat):
    secrets = {each.setting("CATALOG_SYNC_OAUTH2_SECRET") for each in (tutor, tutor_with_beat)}
    assert {len(secret) for secret in secrets} == {24}
    assert len(secrets) == 2


def test_studio_does_not_get_the_settings(tutor):
    assert "catalog-sync" not in tutor.rendered("apps", "openedx", "settings", "cms", "production.py")


class TestImage:
    """The Dockerfile's command that installs the app, in a virtual environment instead of the image."""

    @pytest.fixture
    def packages(self, tmp_path) -> Path:
        """A folder of packages; the app in it requires Django 5.2."""
        write_wheel(tmp_path, "django", "4.2.20")
        write_wheel(tmp_path, "django", "5.2.10")
        write_wheel(tmp_path, "django", "5.2.11")
        write_wheel(tmp_path, "openedx-catalog-sync", "1.0.0", requires="django>=5.2")
        return tmp_path

    @pytest.fixture
    def image(self, tmp_path) -> Path:
        """The Python of a virtual environment without packages."""
        subprocess.run([sys.executable, "-m", "venv", tmp_path / "image"], check=True)
        return tmp_path / "image/bin/python"

    @pytest.mark.parametrize(
        ("fixture", "package"),
        [("tutor", "openedx-catalog-sync>=1.0,<2"), ("tutor_with_beat", "catalog-sync==9")],
    )
    def test_installs_the_configured_package(self, fixture, package, request):
        assert f" '{package}' " in install_command(request.getfixturevalue(fixture))

    def test_keeps_the_versions_of_the_platform(self, tutor, image, packages):
        pip(image, packages, "install", "django==5.2.10")
        process = build(tutor, image, packages)
        assert process.returncode == 0, process.stderr
        assert {"django==5.2.10", "openedx-catalog-sync==1.0.0"} <= installed(image, packages)

    def test_fails_if_the_platform_has_an_older_django(self, tutor, image, packages):
        pip(image, packages, "install", "django==4.2.20")
        process = build(tutor, image, packages)
        assert process.returncode != 0
        assert "django" in process.stdout + process.stderr
        assert installed(image, packages) == {"django==4.2.20"}


class TestInit:
    """``tutor local do init``."""

    INIT = "tutor local do init --limit=catalog-sync"

    @pytest.mark.parametrize("fixture", ["tutor", "tutor_with_beat"])
    def test_script_is_valid_shell_and_creates_a_client_only_if_it_is_enabled(self, fixture, request):
        operator = request.getfixturevalue(fixture)
        operator.types(self.INIT)
        subprocess.run(["bash", "-n"], input=operator.script, text=True, check=True)
        assert ("create_dot_application" in operator.calls) == (fixture == "tutor_with_beat")

    def test_creates_the_client_with_the_secret_of_the_lms(self, tutor_with_beat):
        tutor_with_beat.types(self.INIT)
        script = tutor_with_beat.script
        assert "--client-id me" in script
        assert f"--client-secret {tutor_with_beat.setting('CATALOG_SYNC_OAUTH2_SECRET')}" in script
        assert script.rstrip().endswith("catalog-sync catalog_sync")

    def test_creates_a_user_without_staff_rights(self, tutor_with_beat):
        tutor_with_beat.types(self.INIT)
        (line,) = re.findall(r"manage_user (.*)", tutor_with_beat.script)
        assert line == "catalog_sync catalog_sync@openedx --unusable-password"


class TestJob:
    """``tutor local do update-catalog-data``."""

    @pytest.mark.parametrize(
        "options",
        [
            [],
            ["--help"],
            ["--page-size", "100", "--dry-run", "--json", "--course-key", "course-v1:a+b+c"],
        ],
    )
    def test_runs_the_command_in_the_lms_with_all_options(self, tutor, options):
        tutor.types(f"tutor local do {JOB}", *options)
        assert "lms-job" in tutor.calls
        command = shlex.split(tutor.script)
        assert command[-len(options) - 3 :] == ["./manage.py", "lms", "update_catalog_data", *options]


class TestCronJob:
    """The Kubernetes manifest."""

    @pytest.fixture
    def job(self, tutor):
        return documents(tutor, "k8s", "deployments.yml")[f"CronJob {JOB}"]

    def test_runs_every_four_hours_and_never_in_parallel(self, job):
        spec = job["spec"]
        assert (spec["schedule"], spec["timeZone"]) == ("15 1-23/4 * * *", "Etc/UTC")
        assert spec["concurrencyPolicy"] == "Forbid"
        assert spec["jobTemplate"]["spec"]["activeDeadlineSeconds"] == 3600

    def test_runs_the_command_in_the_environment_of_the_lms(self, job, tutor):
        pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        deployment = documents(tutor, "k8s", "deployments.yml")["Deployment lms-worker"]
        worker = deployment["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        assert container["args"][:3] == ["./manage.py", "lms", "update_catalog_data"]
        Command().create_parser("manage.py", "update_catalog_data").parse_args(container["args"][3:])
        for name in ("env", "volumeMounts", "image", "securityContext"):
            assert container[name] == worker["containers"][0][name]
        assert pod["volumes"] == worker["volumes"]

    def test_retries_if_another_sync_is_running_but_not_after_wrong_usage(self, job):
        spec = job["spec"]["jobTemplate"]["spec"]
        rules = {
            rule["onExitCodes"]["values"][0]: (rule["action"], rule["onExitCodes"]["containerName"])
            for rule in spec["podFailurePolicy"]["rules"]
        }
        assert rules == {75: ("Ignore", JOB), 2: ("FailJob", JOB)}
        assert spec["template"]["spec"]["restartPolicy"] == "Never"  # A podFailurePolicy requires it.

    def test_has_no_label_of_tutors_own_jobs(self, job):
        """``tutor k8s start`` applies it, because it leaves out only its own jobs."""
        assert job["metadata"]["labels"] == {"app.kubernetes.io/name": JOB}

    def test_can_be_disabled(self, tutor_with_beat):
        assert f"CronJob {JOB}" not in documents(tutor_with_beat, "k8s", "deployments.yml")


class TestBeat:
    """Celery beat, if RUN_BEAT is enabled."""

    def test_is_disabled_by_default(self, tutor):
        assert BEAT not in services(tutor)
        assert f"Deployment {BEAT}" not in documents(tutor, "k8s", "deployments.yml")
        assert our_settings(tutor)["CELERYBEAT_SCHEDULE"].keys() == {"another"}

    def test_entry_names_our_task_and_keeps_other_entries(self, tutor_with_beat):
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
        deployment = documents(tutor_with_beat, "k8s", "deployments.yml")[f"Deployment {BEAT}"]
        assert deployment["spec"]["replicas"] == 1
