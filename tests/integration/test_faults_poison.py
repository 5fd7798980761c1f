"""Course runs that break the Catalog: each page that would hold one is a 500 for ever."""

from __future__ import annotations

import pytest

from sandbox.catalog.testing import COURSE_RUNS_PATH
from tests.integration.faulty import RUNS, key

pytest_plugins = ["tests.integration.fault_fixtures"]


@pytest.fixture
def poison(catalog):
    """Make these runs break each page that would hold them, as a run without a type does."""

    def order(*numbers: int) -> None:
        for n in numbers:
            catalog.control.fault(
                "status", match={"path": COURSE_RUNS_PATH, "covers_key": key(n)}, times=None, status=500
            )

    return order


def test_poison_run(sync, poison):
    poison(10)
    outcome = sync()
    outcome.is_incomplete(10)
    assert (
        f"the course run at position 10 (after {key(9)}, before {key(11)}) breaks the Catalog"
        in outcome.message
    )


def test_poison_run_at_the_start(sync, poison):
    poison(0)
    outcome = sync()
    outcome.is_incomplete(0)
    assert f"at position 0 (the first, before {key(1)})" in outcome.message


def test_poison_run_at_the_end(sync, poison):
    poison(RUNS - 1)
    outcome = sync()
    outcome.is_incomplete(RUNS - 1)
    assert f"at position 19 (after {key(18)}, the last that was read)" in outcome.message


def test_poison_run_in_two_pages(sync, poison):
    poison(8)
    outcome = sync()
    outcome.is_incomplete(8)
    assert outcome.report["failures"] == 1


def test_several_poison_runs(sync, poison):
    poison(2, 3, 11, 17)
    outcome = sync()
    outcome.is_incomplete(2, 3, 11, 17)
    assert outcome.report["failures"] == 4


def test_poison_run_when_pages_are_large(sync, poison):
    poison(10)
    outcome = sync("--page-size", "500", "--concurrency", "4")
    outcome.is_incomplete(10)
    # Six attempts at the page, one past the end, two for each of nine halvings and two at the run itself.
    assert outcome.report["requests"] <= 6 + 1 + 2 * 9 + 2


def test_more_poison_runs_than_are_worth_the_quota(sync, poison):
    poison(*range(RUNS))
    outcome = sync("--page-size", "50")
    outcome.is_incomplete(*range(RUNS))
    assert outcome.report["requests"] <= 130
