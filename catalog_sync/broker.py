"""Celery's message broker."""

from __future__ import annotations


def has_broker() -> bool:
    """Return whether a worker in another process could receive a task."""
    # Web processes import this module for the admin, and importing Celery takes about 60 ms.
    from celery import current_app

    broker = str(current_app.conf.broker_url or "")
    return bool(broker) and not broker.startswith("memory:") and not current_app.conf.task_always_eager


def reason_of(error: Exception) -> str:
    """Return why a broker or result backend failed, without a password and without a full stop.

    The message of a ``ValueError`` may contain the address, because Celery could not parse it.
    """
    return type(error).__name__ if isinstance(error, ValueError) else " ".join(str(error).split()).rstrip(".")
