"""Celery tasks: their names, and their owner in the host's monitoring."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
from edx_django_utils.monitoring import TelemetryBackend

from catalog_sync import tasks

NAMES = ["update_catalog_data", "read_partition", "conclude_sync", "give_up_sync"]
attributes: dict[str, object] = {}


class Recorder(TelemetryBackend):
    """Keeps the custom attributes in memory."""

    def set_attribute(self, key, value):
        attributes[key] = value

    def create_span(self, name, operation_name=None):
        return nullcontext()

    def record_exception(self): ...

    def tag_root_span_with_error(self, exception): ...

    def set_local_root_span_name(self, name, group=None, priority=None): ...


@pytest.fixture
def monitoring(settings):
    attributes.clear()
    settings.OPENEDX_TELEMETRY = ["tests.unit.test_tasks.Recorder"]
    return attributes


@pytest.mark.parametrize("name", NAMES)
def test_task_sets_its_code_owner_module(name, monitoring):
    # It fails because of its arguments, after the attribute was set.
    getattr(tasks, name).apply(kwargs={"no_such_argument": 1})
    assert monitoring == {"code_owner_module": "catalog_sync.tasks"}


@pytest.mark.parametrize("name", NAMES)
def test_task_has_its_name(name):
    assert getattr(tasks, name).name == f"catalog_sync.tasks.{name}"
