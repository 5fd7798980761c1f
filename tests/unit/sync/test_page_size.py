"""Finding a page size: the choice against models of a Catalog, and what is remembered of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_sync.api import update_catalog_data
from catalog_sync.models import CatalogSyncConfig, SyncRun
from catalog_sync.quota import PAGE_SIZES
from catalog_sync.sync import page_size as page_size_module
from catalog_sync.sync.page_size import (
    SLOW_FACTOR,
    TARGET_SECONDS,
    Measurement,
    after,
    best,
    find,
    remembered,
)
from sandbox.catalog.testing import COURSE_RUNS_PATH


def modelled(page_seconds, run_seconds):
    return lambda size: page_seconds + run_seconds * size


def total_seconds(size, page_seconds, run_seconds, count=21_151):
    return -(-count // (size - 1)) * modelled(page_seconds, run_seconds)(size)


def test_measured_catalog_gets_the_page_size_that_operators_found_best():
    assert find(modelled(0.090, 0.0037)) == 500


@given(page_seconds=st.floats(0.001, 0.5), run_seconds=st.floats(0.0005, 0.02))
def test_choice_is_within_a_fifth_of_the_best_that_stays_in_time(page_seconds, run_seconds):
    in_time = [size for size in PAGE_SIZES if modelled(page_seconds, run_seconds)(size) <= TARGET_SECONDS]
    chosen = total_seconds(find(modelled(page_seconds, run_seconds)), page_seconds, run_seconds)
    assert chosen <= 1.2 * min(
        total_seconds(size, page_seconds, run_seconds) for size in in_time or PAGE_SIZES[:1]
    )


def test_catalog_that_answers_small_pages_only_gets_one():
    assert find(lambda size: 0.1 if size <= 100 else None) == 100


def test_smallest_page_is_kept_even_if_it_is_slow():
    assert find(lambda size: 10.0) == PAGE_SIZES[0]


def test_page_that_takes_just_as_long_as_it_may_is_taken():
    assert find(lambda size: TARGET_SECONDS) == PAGE_SIZES[-1]


def test_larger_page_that_saves_nothing_is_not_taken():
    assert find(lambda size: size * 0.001) == PAGE_SIZES[0]


@pytest.mark.parametrize(
    ("slowest_seconds", "next_page_size"),
    [(TARGET_SECONDS, 500), (TARGET_SECONDS * SLOW_FACTOR, 500), (TARGET_SECONDS * SLOW_FACTOR + 1, 200)],
)
def test_page_size_backs_off_after_a_slow_page_only(slowest_seconds, next_page_size):
    assert after(500, slowest_seconds) == next_page_size


def test_smallest_page_size_backs_off_no_further():
    assert after(PAGE_SIZES[0], 60) == PAGE_SIZES[0]


def test_shortest_sync_whose_pages_stay_in_time_is_recommended():
    quick, just_in_time = Measurement(200, 2, 1.1, 9.0, 18), Measurement(500, 2, 2.0, 8.0, 7)
    too_slow = Measurement(1_000, 2, 3.8, 7.5, 4)
    assert best([quick, just_in_time, too_slow], 2.0) == just_in_time


def test_quick_page_is_recommended_if_a_larger_is_too_slow():
    quick, too_slow = Measurement(500, 2, 1.9, 8.0, 7), Measurement(1_000, 2, 3.8, 7.5, 4)
    assert best([quick, too_slow], 2.0) == quick


def test_of_equals_the_fewest_at_once_are_recommended():
    more, fewer = Measurement(500, 4, 1.9, 8.0, 7), Measurement(500, 2, 1.9, 8.0, 7)
    assert best([more, fewer], 2.0) == fewer


def test_if_no_page_stays_in_time_the_shortest_sync_is_recommended():
    longer, shorter = Measurement(20, 1, 5.0, 60.0, 12), Measurement(50, 1, 7.0, 35.0, 5)
    assert best([longer, shorter], 2.0) == shorter


@pytest.mark.django_db
def test_second_automatic_run_asks_for_the_same_pages_and_nothing_more(catalog):
    catalog.control.generate(300)
    page_size = update_catalog_data(page_size="auto").page_size
    catalog.control.clear_requests()
    update_catalog_data(page_size="auto")
    asked = {
        (request.params["limit"], request.params["offset"])
        for request in catalog.control.requests(COURSE_RUNS_PATH)
    }
    assert asked == {(str(page_size), str(offset)) for offset in range(0, 299, page_size - 1)}


@pytest.mark.django_db
def test_automatic_run_reports_the_page_size_that_it_used(catalog):
    catalog.control.generate(300)
    report = update_catalog_data(page_size="auto")
    assert report.page_size == SyncRun.objects.get().next_page_size


@pytest.mark.django_db
def test_automatic_run_fails_in_a_sentence_if_the_catalog_is_down(settings):
    settings.COURSE_CATALOG_API_URL = "http://127.0.0.1:9/api/v1"
    settings.BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL = "http://127.0.0.1:9/oauth2"
    assert "127.0.0.1:9" in update_catalog_data(page_size="auto").message


@pytest.mark.django_db
def test_page_that_was_too_slow_to_be_chosen_says_nothing_about_the_chosen(catalog, monkeypatch):
    monkeypatch.setattr(page_size_module, "SLOW_FACTOR", 0.5)
    catalog.control.generate(300)
    catalog.control.settings(latency=True, page_seconds=0.05, run_seconds=0, skipped_run_seconds=0)
    catalog.control.fault("slow", match={"params": {"limit": "100"}}, seconds=1.5)
    update_catalog_data(page_size="auto")
    assert remembered("default") == 50


@pytest.mark.django_db
def test_throttle_says_nothing_about_page_sizes(catalog):
    catalog.control.generate(300)
    catalog.control.settings(throttle_per_hour=2)
    CatalogSyncConfig.objects.create(page_size=0, retry_deadline_seconds=0)
    report = update_catalog_data()
    assert (report.requests, remembered("default")) == (3, None)


@pytest.mark.django_db
def test_outage_says_nothing_about_page_sizes(catalog, monkeypatch):
    monkeypatch.setattr(page_size_module, "SLOW_FACTOR", 0.1)  # a time-out of a second counts as far too slow
    catalog.control.generate(300)
    CatalogSyncConfig.objects.create(page_size=0, request_timeout_seconds=1, retry_deadline_seconds=0)
    page_size = update_catalog_data().page_size
    catalog.control.fault("hang", match={"path": COURSE_RUNS_PATH}, times=None)
    assert update_catalog_data().status == "failed"
    assert remembered("default") == page_size
