"""Recommending a page size: from what is measured, within a budget of requests."""

from __future__ import annotations

import pytest

from catalog_sync import conf
from catalog_sync.exceptions import NothingMeasured, RequestFailed
from catalog_sync.models import CatalogSyncConfig
from catalog_sync.sync.page_size import Measurement
from catalog_sync.sync.tuning import Recommendation, recommend
from sandbox.catalog.testing import COURSE_RUNS_PATH

pytestmark = pytest.mark.django_db


def recommended(most_requests=100, target_seconds=10.0, on_measured=lambda measured: None):
    return recommend(conf.catalog("default"), most_requests, target_seconds, on_measured)


def test_all_is_measured_one_two_and_four_at_once(catalog):
    catalog.control.generate(30)
    measured = [(each.page_size, each.concurrency) for each in recommended().measurements]
    assert measured == [(20, 1), (20, 2), (20, 4)]


def test_each_measurement_is_told_when_it_is_there(catalog):
    catalog.control.generate(60)
    told = []
    assert recommended(on_measured=told.append).measurements == tuple(told)


def test_shortest_of_what_was_measured_is_recommended(catalog):
    catalog.control.generate(60)
    found = recommended()
    assert found.best == min(found.measurements, key=lambda each: each.total_seconds)


def test_what_was_measured_in_full_may_be_saved(catalog):
    catalog.control.generate(30)
    found = recommended()
    assert (found.shortage, found.may_be_saved) == ("", True)


def test_what_the_budget_cut_short_may_not_be_saved(catalog):
    catalog.control.generate(60)
    found = recommended(most_requests=8)
    assert (len(found.measurements), "allow more" in found.shortage, found.may_be_saved) == (3, True, False)


def test_budget_for_not_one_page_says_so(catalog):
    with pytest.raises(NothingMeasured, match="allow more --requests"):
        recommended(most_requests=1)


def test_catalog_that_answers_no_page_in_time_says_what_to_raise(catalog):
    catalog.control.generate(30)
    CatalogSyncConfig.objects.create(request_timeout_seconds=1)
    catalog.control.fault("hang", match={"params": {"limit": "20"}}, times=None)
    with pytest.raises(NothingMeasured, match="raise request_timeout_seconds"):
        recommended()


def test_request_that_fails_is_not_sent_again(catalog):
    catalog.control.fault("status", match={"path": COURSE_RUNS_PATH}, status=503)
    with pytest.raises(RequestFailed):
        recommended()
    assert len(catalog.control.requests(COURSE_RUNS_PATH)) == 1


def test_missing_address_is_told_by_the_name_of_its_setting(settings):
    settings.COURSE_CATALOG_API_URL = ""
    with pytest.raises(RequestFailed, match="COURSE_CATALOG_API_URL"):
        recommended()


@pytest.mark.parametrize(("requests", "is_past"), [(199, False), (200, False), (201, True)])
def test_an_ordinary_user_has_two_hundred_requests_an_hour(requests, is_past):
    best = Measurement(page_size=20, concurrency=1, seconds=0.1, total_seconds=1, requests=requests)
    assert Recommendation((best,), best).is_past_quota is is_past
