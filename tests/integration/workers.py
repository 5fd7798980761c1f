"""Celery workers for a test, and brokers that a test can restart."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import quote

from celery import Celery
from celery.result import AsyncResult
from django.db import connection
from kombu import Connection, Queue

from sandbox.catalog.testing import CatalogProcess
from tests.integration.processes import PATIENCE_SECONDS, ROOT, manage, wait_until

PAGE_SIZE = 12


def database_url() -> str:
    """Return the URL of the test database for other processes."""
    settings = connection.settings_dict
    scheme = {"mysql": "mysql", "postgresql": "postgres"}[connection.vendor]
    credentials = quote(settings["USER"]) + (
        f":{quote(settings['PASSWORD'])}" if settings["PASSWORD"] else ""
    )
    return f"{scheme}://{credentials}@{settings['HOST']}:{settings['PORT']}/{settings['NAME']}"


class Workers:
    """The Celery workers of one test with their own queue, and the command that sends them tasks."""

    def __init__(self, broker_url: str, catalog: CatalogProcess, log: Path) -> None:
        self._log = log
        self._processes: list[subprocess.Popen] = []
        self._commands: list[subprocess.Popen] = []
        self.environment = os.environ | {
            **catalog.lms_environment,
            "LMS_DATABASE_URL": database_url(),
            "CELERY_BROKER_URL": broker_url,
            "CELERY_RESULT_BACKEND": os.environ["TEST_REDIS_URL"],
            "CELERY_TASK_DEFAULT_QUEUE": f"catalog-sync-{uuid.uuid4()}",
        }

    def start(self, *, processes: int = 2) -> subprocess.Popen:
        ready_before = self._log.read_text().count("ready.") if self._log.exists() else 0
        with self._log.open("ab") as log:
            options = f"-c{processes} -linfo -n {uuid.uuid4()}@%h --without-mingle --without-gossip"
            worker = subprocess.Popen(
                [sys.executable, *"-m celery -A sandbox.lms worker".split(), *options.split()],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._processes.append(worker)
        wait_until(lambda: self._log.read_text().count("ready.") > ready_before, "a worker's start")
        return worker

    def command(self, *options: str) -> subprocess.Popen:
        return self.manage(
            "update_catalog_data", "--distribute", "--json", f"--page-size={PAGE_SIZE}", *options
        )

    def manage(self, *arguments: str) -> subprocess.Popen:
        command = manage(self.environment, *arguments)
        self._commands.append(command)
        return command

    def send(self, task: str, **arguments: Any) -> AsyncResult:
        """Send one of the app's tasks, and return its result, which may not be ready yet."""
        queue = self.environment["CELERY_TASK_DEFAULT_QUEUE"]
        return self._app().send_task(f"catalog_sync.tasks.{task}", kwargs=arguments, queue=queue)

    def only_result(self) -> AsyncResult:
        """Wait until the workers have received a task, and return its result, which may not be ready yet."""
        [task_id] = wait_until(self._received, "a task")
        return self._app().AsyncResult(task_id)

    def _received(self) -> list[str]:
        return re.findall(r"Task \S+\[(\S+)\] received", self.log())

    def _app(self) -> Celery:
        return Celery(
            broker=self.environment["CELERY_BROKER_URL"],
            backend=self.environment["CELERY_RESULT_BACKEND"],
            set_as_current=False,
        )

    def log(self) -> str:
        """Return what the workers have logged so far."""
        return self._log.read_text()

    def waiting_tasks(self) -> int:
        """Return how many tasks are in the queue."""
        queue = Queue(self.environment["CELERY_TASK_DEFAULT_QUEUE"])
        with Connection(self.environment["CELERY_BROKER_URL"]) as broker:
            try:
                return queue(broker.default_channel).queue_declare(passive=True).message_count
            except broker.channel_errors:  # it does not exist yet
                return 0

    def take_messages(self, number: int) -> list[str]:
        """Remove so many tasks from the queue, and return their messages."""
        messages = []
        with Connection(self.environment["CELERY_BROKER_URL"]) as broker:
            queue = broker.SimpleQueue(self.environment["CELERY_TASK_DEFAULT_QUEUE"])
            for _ in range(number):
                message = queue.get(timeout=PATIENCE_SECONDS)
                messages.append(f"{message.payload}{message.headers}")
                message.ack()
            queue.close()
        return messages

    def stop(self) -> None:
        for command in self._commands:
            if command.poll() is None:  # the test has failed
                command.kill()
                command.communicate()
        for worker in self._processes:
            if worker.poll() is None:
                os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()


def free_port() -> int:
    """Return a port for one server. It stays bound until this process ends, so that no other process gets it."""
    held = socket.socket()
    # So another socket with this option, as servers have, can still listen on it.
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    port = held.getsockname()[1]
    held.detach()
    return port


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class PrivateRedis:
    """A Redis server for one test, which keeps its data over a restart."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        options = f"--port {self._port} --bind 127.0.0.1 --appendonly yes --appendfsync always"
        self._process = subprocess.Popen(
            ["redis-server", *options.split(), "--dir", str(self._folder), "--save", ""],
            stdout=subprocess.DEVNULL,
        )
        wait_until(lambda: answers(self._port), "the start of Redis")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


class PrivateRabbitMq:
    """A RabbitMQ server for one test, which keeps its data over a restart."""

    # Debian's own command changes the user, and ignores these folders.
    COMMAND = "/usr/lib/rabbitmq/bin/rabbitmq-server"

    def __init__(self, folder: Path) -> None:
        self._port = free_port()
        self.url = f"amqp://guest:guest@127.0.0.1:{self._port}//"
        for name in ("rabbitmq.conf", "environment", "plugins"):
            (folder / name).touch()
        self._environment = os.environ | {
            "HOME": str(folder),
            "RABBITMQ_NODENAME": f"test-{uuid.uuid4()}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self._port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "environment"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        }
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [self.COMMAND], env=self._environment, stdout=subprocess.DEVNULL, start_new_session=True
        )
        wait_until(lambda: answers(self._port), "the start of RabbitMQ")

    def kill(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
