"""The client: which requests it sends, and which replies to a look-up are conclusive."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_sync.catalog_client import CatalogClient, OverlappingPages, PageRange, Requester
from catalog_sync.catalog_client.client import MAX_URL_LENGTH
from catalog_sync.catalog_client.schemas import CourseRun, Page, RejectedRecord, why_not_conclusive
from catalog_sync.event_log import EventLog
from catalog_sync.exceptions import RequestFailed
from sandbox.catalog.testing import COURSE_RUNS_PATH, COURSES_PATH
from tests.raw_server import RawServer, reply
from tests.unit.catalog_client import access

MAX_REQUEST_LINE = 4_094
ALL_FIELDS = ["marketing_url", "eligible_for_financial_aid", "content_language"]
SINCE = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def make(catalog):
    made = []

    def client(retry_deadline_seconds=0, url=catalog.api_url, **options):
        made.append(
            Requester(
                EventLog(), timeout_seconds=10, retry_deadline_seconds=retry_deadline_seconds, access=access()
            )
        )
        return CatalogClient(url, ALL_FIELDS, made[-1], **options)

    yield client
    for requester in made:
        requester.close()


@pytest.fixture
def client(make):
    return make()


def look_up(client, keys):
    return [run.key for _, page in client.look_up(keys) for run in page.course_runs]


@pytest.mark.parametrize(
    ("deadline", "left", "goes_on"), [(30, 30.0, True), (30, 0.5, True), (30, 0.0, False), (0, 0.0, True)]
)
def test_crawl_continues_after_a_failure_while_there_is_time_for_retries(catalog, deadline, left, goes_on):
    """Without any time from the start, it continues after every failure."""
    requester = Requester(EventLog(), timeout_seconds=10, retry_deadline_seconds=deadline, access=access())
    with closing(requester):
        crawl = CatalogClient(catalog.api_url, ALL_FIELDS, requester).crawl(OverlappingPages(20), 1)
        requester.budget.seconds = left
        assert crawl.can_go_on() is goes_on


class TestMeasuredPage:
    def test_is_requested_once(self, make, catalog):
        client = make(30)
        catalog.control.fault("status", match={"path": COURSE_RUNS_PATH}, status=500)
        with pytest.raises(RequestFailed):
            client.seconds_of(PageRange(0, 20))
        assert client.requests == 1

    def test_takes_as_long_as_the_catalog(self, client, catalog):
        catalog.control.fault("slow", match={"path": COURSE_RUNS_PATH}, seconds=0.3)
        assert 0.3 <= client.seconds_of(PageRange(0, 20))[0] < 30

    def test_does_not_include_the_back_off(self, make, catalog):
        throttle = {"status": 429, "headers": {"Retry-After": "3"}}
        catalog.control.fault("status", match={"path": COURSE_RUNS_PATH}, **throttle)
        client = make(30)
        assert (client.seconds_of(PageRange(0, 20))[0] < 3, client.retries) == (True, 1)


def read_list(client):
    return urls_of(client.crawl(OverlappingPages(2), 1).pages())


def look_up_urls(client):
    return urls_of(page for _, page in client.look_up(["A/B/C"]))


def urls_of(pages):
    return {run.marketing_url for page in pages for run in page.course_runs if run.key == "A/B/C"}


class TestBypassedCache:
    @pytest.fixture
    def changed_catalog(self, client, catalog):
        """A Catalog whose cache has another marketing URL than its database."""
        keys = ["A/B/C", "D/E/F", "G/H/I"]
        catalog.control.set_runs([{"key": key, "marketing_url": "https://old.example.org/"} for key in keys])
        read_list(client)
        # A reply to a look-up that any other client of the Catalog has requested.
        look_up_urls(client)
        catalog.control.queryset_update([{"key": "A/B/C", "marketing_url": "https://new.example.org/"}])
        catalog.control.clear_requests()
        return catalog

    @pytest.mark.parametrize(("generation", "host"), [("", "old"), ("1", "new")])
    def test_has_no_effect_on_pages_of_a_new_generation(self, changed_catalog, make, generation, host):
        assert read_list(make(cache_generation=generation)) == {f"https://{host}.example.org/"}

    @pytest.mark.parametrize("generation", ["", "1"])
    def test_never_has_an_effect_on_look_ups(self, changed_catalog, make, generation):
        assert look_up_urls(make(cache_generation=generation)) == {"https://new.example.org/"}

    def test_generation_is_at_the_end_of_the_query_of_each_page(self, changed_catalog, make):
        queries = []
        for generation in ("", "1"):
            read_list(make(cache_generation=generation))
            queries.append([request.query for request in changed_catalog.control.requests(COURSE_RUNS_PATH)])
            changed_catalog.control.clear_requests()
        usual, bypassing = queries
        assert bypassing == [f"{query}&bypass_cache=1" for query in usual]


class TestChangedCourses:
    def test_are_requested_from_the_first(self, client, catalog):
        client.changed_since(SINCE, limit=5)
        [request] = catalog.control.requests(COURSES_PATH)
        assert request.params["offset"] == "0"

    def test_address_of_a_wrong_reply_is_reported(self, make):
        server = RawServer(reply(b'{"count": "many"}'))
        with server, pytest.raises(RequestFailed, match=r"Address: \S+/api/v1/courses/\.$"):
            make(url=f"{server.url}/api/v1").changed_since(SINCE, limit=5)


class TestLookUp:
    @pytest.mark.parametrize("length", [40, 100, 255])
    def test_request_line_is_as_long_as_allowed_and_not_longer(self, make, length):
        keys = [f"course-v1:OrgX+{'Ä' if n % 2 else 'C'}{n}+".ljust(length, "é") for n in range(120)]
        with RawServer(reply(b'{"count": 0, "results": []}')) as server:
            client = make(url=f"{server.url}/api/v1")
            batches = [batch for batch, _ in client.look_up(keys)]
            lines = [request.split(b"\r\n")[0] for request in server.requests]
            lengths = [len(server.url) + len(line.split()[1]) - len("&keys=") for line in lines]
        assert sorted(key for batch in batches for key in batch) == sorted(keys)
        assert max(map(len, lines)) <= MAX_REQUEST_LINE
        for used, (following, *_) in zip(lengths, batches[1:], strict=False):
            assert used <= MAX_URL_LENGTH < used + len(quote(f",{following}", safe=","))

    def test_long_keys_are_split_over_requests(self, client, catalog):
        catalog.control.generate(200)
        keys = [row["key"] for row in catalog.control.runs()]
        assert set(look_up(client, keys)) == set(keys)
        requests = catalog.control.requests(COURSE_RUNS_PATH)
        assert ({request.status for request in requests}, len(requests) > 1) == ({200}, True)

    @pytest.mark.parametrize(
        ("number", "change"), [(230, str), (150, str.lower)], ids=["many", "differ in case"]
    )
    def test_each_page_has_room_for_all_its_course_runs(self, client, catalog, number, change):
        keys = [f"X/{number}/T" for number in range(number)]
        listed = sorted({*keys, *map(change, keys)})
        catalog.control.set_runs([{"key": key} for key in listed])
        assert sorted(look_up(client, keys)) == listed

    def test_sends_encoded_keys_and_the_page_size(self, client, catalog):
        """Without a page size, the Catalog returns 20 course runs."""
        catalog.control.set_runs([{"key": "course-v1:a+b+c"}])
        assert look_up(client, ["course-v1:A+B+C"]) == ["course-v1:a+b+c"]
        [request] = catalog.control.requests(COURSE_RUNS_PATH)
        assert "keys=course-v1%3AA%2BB%2BC" in request.query
        assert (request.params["offset"], request.params["limit"]) == ("0", "200")

    def test_of_no_keys_sends_no_request(self, client, catalog):
        assert look_up(client, []) == []
        assert catalog.control.requests() == []

    def test_calls_the_heartbeat(self, make, catalog):
        calls = []

        def heartbeat() -> None:
            calls.append(1)
            if len(calls) == 3:
                catalog.control.clear_faults()

        catalog.control.fault("slow", match={"path": COURSE_RUNS_PATH}, seconds=5)
        look_up(make(heartbeat=heartbeat), ["A/B/C"])
        assert len(calls) >= 3

    def test_exception_of_the_heartbeat_ends_it(self, make, catalog):
        def stop() -> None:
            raise InterruptedError

        catalog.control.fault("hang", match={"path": COURSE_RUNS_PATH})
        with pytest.raises(InterruptedError):
            look_up(make(heartbeat=stop), ["A/B/C"])

    def test_fails_if_the_reply_has_fewer_rows_than_it_counts(self, client, catalog):
        catalog.control.set_runs([{"key": "A/B/C"}, {"key": "D/E/F"}])
        catalog.control.fault("short", match={"path": COURSE_RUNS_PATH}, times=None, rows=1)
        with pytest.raises(RequestFailed, match="The Catalog returned 1 of 2 course runs"):
            look_up(client, ["A/B/C", "D/E/F"])


def page(*keys: str, rejected: tuple[str, ...] = ()) -> Page:
    records = tuple(RejectedRecord(key, "why") for key in rejected)
    number = len(keys) + len(records)
    return Page(tuple(map(CourseRun, keys)), records, rows=number, count=number)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (page(), None),
        (page("A/B/C"), None),
        (page("a/b/c", "A/B/C"), None),
        (page("E/f/g"), None),
        (page("e\N{COMBINING ACUTE ACCENT}/F/G"), None),
        (page(rejected=("A/B/C",)), None),
        (page(rejected=("",)), "a course run without a readable key"),
        (page("A/B/C", "X/Y/Z"), "course runs that were not requested"),
    ],
    ids=lambda value: " ".join(sorted(value.keys())) if isinstance(value, Page) else "",
)
def test_page_is_conclusive_if_a_database_may_take_its_keys_for_those_requested(answer, why):
    assert why_not_conclusive(answer, ["A/B/C", "É/F/G"]) == why


@given(st.text(), st.text())
def test_any_keys_can_be_compared(key, other):
    assert why_not_conclusive(page(key or "x"), [other]) in (None, "course runs that were not requested")
