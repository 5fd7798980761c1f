"""Work in threads that nobody has to wait for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

T = TypeVar("T")

# How often a waiting thread looks up: to renew its lease, and to see whether it shall stop.
HEARTBEAT_SECONDS = 0.5
THREAD_NAME = "catalog-request"


def run_in_thread(function: Callable[[], T]) -> Future[T]:
    """Run ``function`` in a daemon thread: a request that hangs must not keep a stopped process alive."""
    future: Future[T] = Future()

    def work() -> None:
        try:
            future.set_result(function())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=work, name=THREAD_NAME, daemon=True).start()
    return future


def result_of(future: Future[T], heartbeat: Callable[[], None]) -> T:
    """Wait for the result, and call ``tick`` about twice a second meanwhile; what it raises ends the waiting."""
    while not future.done():
        heartbeat()
        wait([future], timeout=HEARTBEAT_SECONDS)
    return future.result()
