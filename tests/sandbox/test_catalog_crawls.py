"""Crawls that lose course runs on the real service lose them on the stand-in, too."""

import pytest


def sync_course_runs(caller, page_size):
    """Send the requests of edx-platform's sync_course_runs: the first without ``page``, then ``page=2`` and so on.

    Returns the keys, and the status of the last reply.
    """
    answer = caller.runs(f"fields=key&page_size={page_size}")
    found, page = set(answer.keys), 1
    while answer.json["next"]:
        page += 1
        answer = caller.runs(f"fields=key&page_size={page_size}&page={page}")
        if answer.status != 200:
            break
        found.update(answer.keys)
    return found, answer.status


@pytest.mark.parametrize(("page_size", "missed"), [(100, 80), (500, 480)])
def test_sequence_of_edx_platform_misses_course_runs(control, caller, page_size, missed):
    control.generate(3490)

    found, _ = sync_course_runs(caller, page_size)

    assert 3490 - len(found) == missed


def test_sequence_of_edx_platform_fails_on_a_small_catalog(control, caller):
    control.generate(60)

    _, status = sync_course_runs(caller, 100)

    assert status == 404


def test_crawl_misses_a_course_run_if_another_leaves_an_earlier_page(control, caller, keys):
    first = caller.runs("limit=50&offset=0&fields=key").keys
    control.delete([keys[0]])
    rest = caller.runs("limit=1000&offset=50&fields=key").keys

    assert set(keys) - set(first) - set(rest) == {keys[50]}
