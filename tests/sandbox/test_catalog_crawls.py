"""What happened to crawls of the real service, repeated on the stand-in."""

import pytest

from sandbox.catalog.testing import CatalogProcess
from tests.sandbox.catalog_caller import Caller

pytest_plugins = ["tests.sandbox.catalog_fixtures"]


def sync_course_runs(caller: Caller, page_size: int) -> tuple[set[str], int]:
    """The request sequence of edx-platform's own sync: the first page without ``page``, then ``page=2`` and on.

    Returns the keys met, and the status of the last reply.
    """
    answer = caller.runs(f"fields=key&page_size={page_size}")
    met, page = set(answer.keys), 1
    while answer.json["next"]:
        page += 1
        answer = caller.runs(f"fields=key&page_size={page_size}&page={page}")
        if answer.status != 200:
            break
        met.update(answer.keys)
    return met, answer.status


@pytest.mark.parametrize(("page_size", "missed"), [(100, 80), (500, 480)])
def test_sequence_of_edx_platform_misses_runs(
    stand_in: CatalogProcess, caller: Caller, page_size: int, missed: int
) -> None:
    stand_in.control.generate(3490)

    met, _ = sync_course_runs(caller, page_size)

    assert 3490 - len(met) == missed


def test_sequence_of_edx_platform_fails_on_a_small_catalog(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.generate(60)

    _, status = sync_course_runs(caller, 100)

    assert status == 404


def test_a_run_that_leaves_the_first_page_makes_a_crawl_miss_another(
    stand_in: CatalogProcess, caller: Caller
) -> None:
    stand_in.control.generate(100)
    keys = [row["key"] for row in stand_in.control.runs()]

    first = caller.runs("limit=50&offset=0&fields=key").keys
    stand_in.control.delete([keys[0]])
    second = caller.runs("limit=50&offset=50&fields=key").keys

    assert set(keys) - set(first) - set(second) == {keys[50]}


def test_one_request_sees_one_state(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.generate(100)

    answer = caller.runs("limit=1000&fields=key")

    assert answer.json["count"] == len(answer.keys)
