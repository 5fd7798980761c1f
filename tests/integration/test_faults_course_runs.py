"""If the Catalog fails on a course run (500 for each page with it), the sync applies all others and names the place."""

from __future__ import annotations

import pytest

from sandbox.catalog.testing import COURSE_RUNS_PATH
from tests.integration.faulty import RUNS, key

pytest_plugins = ["tests.integration.fault_fixtures"]


@pytest.fixture
def fail_on(catalog):
    """Make the Catalog fail on these course runs, as it does on a course run without a type."""

    def order(*numbers: int) -> None:
        for n in numbers:
            catalog.control.fault(
                "status", match={"path": COURSE_RUNS_PATH, "covers_key": key(n)}, times=None, status=500
            )

    return order


@pytest.mark.parametrize(
    ("number", "neighbors"),
    [
        pytest.param(10, f"after {key(9)}, before {key(11)}", id="middle"),
        pytest.param(0, f"the first, before {key(1)}", id="first"),
        pytest.param(RUNS - 1, f"after {key(RUNS - 2)}, the last that was read", id="last"),
        pytest.param(8, f"after {key(7)}, before {key(9)}", id="on two pages"),
    ],
)
def test_catalog_fails_on_a_course_run(sync, fail_on, number, neighbors):
    fail_on(number)
    outcome = sync()
    outcome.assert_incomplete(number)
    assert outcome.report["failures"] == 1
    assert (
        "one course run is missing, because the Catalog fails on it (the Catalog answered HTTP 500): correct it in the "
        f"Catalog (position {number} of the list, {neighbors})."
    ) in outcome.message


def test_catalog_fails_on_several_course_runs(sync, fail_on):
    fail_on(2, 3, 11, 17)
    outcome = sync()
    outcome.assert_incomplete(2, 3, 11, 17)
    assert outcome.report["failures"] == 4
    # Neighbors that fail as well have no key.
    assert outcome.message.count(f"after {key(1)}, before {key(4)}") == 2


def test_catalog_fails_on_a_course_run_of_a_large_page(sync, fail_on):
    fail_on(10)
    outcome = sync("--page-size", "500", "--concurrency", "4")
    outcome.assert_incomplete(10)
    # Two attempts at the page, one past the end, two for each of nine halvings and two at the course run itself.
    assert outcome.report["requests"] <= 2 + 1 + 2 * 9 + 2


def test_catalog_fails_on_more_course_runs_than_the_quota_allows(sync, fail_on):
    fail_on(*range(1, RUNS))
    outcome = sync("--page-size", "50")
    outcome.assert_incomplete(*range(1, RUNS))
    assert outcome.report["requests"] <= 130


def test_catalog_fails_on_every_course_run(sync, fail_on):
    fail_on(*range(RUNS))
    outcome = sync()
    outcome.assert_failure()
    assert outcome.message.startswith(
        "The Catalog answered HTTP 500. Look for the cause in the Catalog's log. "
    )
    assert outcome.events("not_applied") == []


class TestOnlyUnread:
    """The only stored course run that was not read is named by its key."""

    def test_course_run_that_was_stored_before_is_named_by_its_key(self, sync, fail_on):
        sync()
        fail_on(10)
        assert f"The only stored course run that was not read: {key(10)}." in sync().message

    @pytest.mark.parametrize("numbers", [(), (3, 10)])
    def test_no_course_run_is_named_unless_it_is_the_only_one(self, sync, fail_on, numbers):
        if numbers:
            sync()
        fail_on(*(numbers or (10,)))
        assert "The only stored course run" not in sync().message
