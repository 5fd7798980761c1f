"""Reading the whole list: every run once, in few requests, at the same URLs every time."""

from __future__ import annotations

import math

import pytest

from catalog_sync.api import update_catalog_data
from catalog_sync.models import CatalogCourseRun
from sandbox.catalog.testing import COURSE_RUNS_PATH

pytestmark = pytest.mark.django_db

COURSE_RUNS = 3300
PAGE_SIZES = [20, 100, 500, 10_000]


def list_requests(catalog):
    return catalog.control.requests(COURSE_RUNS_PATH)


@pytest.mark.parametrize("page_size", PAGE_SIZES)
class TestWholeList:
    """3,300 course runs, at a small and at a large page size."""

    @pytest.fixture(autouse=True)
    def runs(self, catalog):
        catalog.control.generate(COURSE_RUNS)

    def test_every_listed_run_is_retrieved(self, page_size, catalog):
        update_catalog_data(page_size=page_size)
        listed = {run["key"] for run in catalog.control.runs()}
        assert set(CatalogCourseRun.objects.values_list("course_key", flat=True)) == listed

    def test_every_run_counts_once(self, page_size, catalog):
        report = update_catalog_data(page_size=page_size)
        assert report.course_runs_retrieved == report.catalog_count == COURSE_RUNS

    def test_sync_is_complete(self, page_size, catalog):
        assert update_catalog_data(page_size=page_size).status == "succeeded"

    def test_list_requests_are_as_few_as_pages_that_share_a_run_allow(self, page_size, catalog):
        update_catalog_data(page_size=page_size)
        assert len(list_requests(catalog)) <= math.ceil(COURSE_RUNS / (page_size - 1)) + 1

    def test_report_counts_the_requests_that_the_catalog_got(self, page_size, catalog):
        report = update_catalog_data(page_size=page_size)
        assert report.requests == len(list_requests(catalog))

    def test_reply_is_as_long_as_the_page_size_says(self, page_size, catalog):
        update_catalog_data(page_size=page_size)
        limits = {request.params["limit"] for request in list_requests(catalog)}
        assert limits == {str(page_size)}


class TestRequest:
    """What is asked for."""

    @pytest.fixture(autouse=True)
    def runs(self, catalog):
        catalog.control.generate(250)

    def one_request(self, catalog, **options):
        update_catalog_data(page_size=500, **options)
        [request] = list_requests(catalog)
        return request

    def test_links_come_without_utm_parameters(self, catalog):
        assert self.one_request(catalog).params["exclude_utm"] == "1"

    def test_stored_links_have_no_utm_parameters(self, catalog):
        self.one_request(catalog)
        assert not CatalogCourseRun.objects.filter(marketing_url__contains="utm_").exists()

    def test_only_needed_fields_are_asked_for(self, catalog):
        assert self.one_request(catalog).params["fields"] == "key,marketing_url,status"

    def test_fields_that_a_host_maps_are_asked_for_too(self, catalog, settings):
        settings.CATALOG_SYNC_FIELDS = {"marketing_url": "marketing_url", "content_language": "language"}
        assert self.one_request(catalog).params["fields"] == "content_language,key,marketing_url,status"

    def test_page_number_is_never_asked_for(self, catalog):
        assert self.one_request(catalog).params.keys() & {"page", "page_size"} == set()

    def test_urls_are_identical_from_run_to_run(self, catalog):
        update_catalog_data(page_size=20, concurrency=4)
        first = {request.query for request in list_requests(catalog)}
        catalog.control.clear_requests()
        update_catalog_data(page_size=20, concurrency=1)
        assert {request.query for request in list_requests(catalog)} == first

    @pytest.mark.parametrize("concurrency", [1, 2, 16])
    def test_no_url_is_asked_for_twice(self, concurrency, catalog):
        update_catalog_data(page_size=20, concurrency=concurrency)
        queries = [request.query for request in list_requests(catalog)]
        assert len(queries) == len(set(queries))

    def test_reply_is_as_long_as_asked_for(self, catalog):
        pages = []
        update_catalog_data(page_size=100, on_progress=lambda retrieved, total: pages.append(retrieved))
        assert pages == [100, 199, 250]

    def test_progress_ends_at_the_total(self, catalog):
        progress = []
        update_catalog_data(page_size=100, on_progress=lambda *numbers: progress.append(numbers))
        assert progress[-1] == (250, 250)


@pytest.mark.parametrize("course_runs", [0, 1, 2, 19, 20, 21, 38, 39, 40])
@pytest.mark.parametrize("page_size", [1, 2, 20])
class TestSmallList:
    """Lists that end at the edge of a page, or near it."""

    @pytest.fixture(autouse=True)
    def runs(self, course_runs, catalog):
        catalog.control.generate(course_runs)

    def test_every_run_is_retrieved(self, page_size, course_runs, catalog):
        assert update_catalog_data(page_size=page_size).course_runs_retrieved == course_runs

    def test_sync_is_complete(self, page_size, course_runs, catalog):
        assert update_catalog_data(page_size=page_size).status == "succeeded"

    def test_requests_are_few(self, page_size, course_runs, catalog):
        update_catalog_data(page_size=page_size)
        assert len(list_requests(catalog)) <= math.ceil(course_runs / (max(page_size, 2) - 1)) + 1
