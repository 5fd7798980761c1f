"""Work in threads that nobody has to wait for."""

from __future__ import annotations

import threading

import pytest

from catalog_sync.catalog_client.threads import result_of, run_in_thread


class EnoughError(Exception):
    """Somebody does not want to wait longer."""


def test_result_comes_back():
    assert result_of(run_in_thread(lambda: 7), lambda: None) == 7


def test_failure_comes_back():
    def fail():
        raise EnoughError

    with pytest.raises(EnoughError):
        result_of(run_in_thread(fail), lambda: None)


def test_work_keeps_no_process_alive():
    assert result_of(run_in_thread(threading.current_thread), lambda: None).daemon


def test_ticks_until_the_result_is_there():
    ticks, released = [], threading.Event()

    def heartbeat():
        ticks.append(1)
        if len(ticks) == 2:
            released.set()

    assert result_of(run_in_thread(lambda: released.wait(30)), heartbeat)
    assert len(ticks) >= 2


def test_waiting_ends_by_what_a_tick_raises():
    released = threading.Event()

    def heartbeat():
        raise EnoughError

    with pytest.raises(EnoughError):
        result_of(run_in_thread(lambda: released.wait(30)), heartbeat)
    released.set()
