"""Look-ups by key: request lines that the service takes, and answers that prove something."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_sync.catalog_client import LONGEST_URL, CatalogClient, Requester
from catalog_sync.catalog_client.schemas import CourseRun, Page, RejectedRecord, why_no_answer
from catalog_sync.event_log import EventLog
from catalog_sync.exceptions import RequestFailed
from sandbox.catalog.testing import COURSE_RUNS_PATH
from tests.raw_server import RawServer, reply

LONGEST_REQUEST_LINE = 4_094
EMPTY_PAGE = reply(b'{"count": 0, "results": []}')
ALL_FIELDS = ["marketing_url", "eligible_for_financial_aid", "content_language"]


@pytest.fixture
def client(catalog):
    requester = Requester(EventLog(), timeout_seconds=10, retry_deadline_seconds=0)
    yield CatalogClient(catalog.api_url, ALL_FIELDS, requester)
    requester.close()


def request_lines(server: RawServer) -> list[bytes]:
    return [request.split(b"\r\n")[0] for request in server.requests]


@pytest.mark.parametrize("length", [40, 100, 255])
def test_request_line_is_short_enough(length, catalog):
    keys = [f"course-v1:OrgX+{'Ä' if n % 2 else 'C'}{n}+".ljust(length, "é") for n in range(120)]
    with RawServer(EMPTY_PAGE) as server:
        requester = Requester(EventLog(), timeout_seconds=10, retry_deadline_seconds=0)
        batches = [
            batch for batch, _ in CatalogClient(f"{server.url}/api/v1", ALL_FIELDS, requester).look_up(keys)
        ]
        requester.close()
        assert max(map(len, request_lines(server))) <= LONGEST_REQUEST_LINE
    assert sorted(key for batch in batches for key in batch) == sorted(keys)


def test_urls_are_as_long_as_they_may_be(catalog):
    keys = [f"course-v1:OrganizationX+Course{n:03}+2026_T1" for n in range(400)]
    with RawServer(EMPTY_PAGE) as server:
        requester = Requester(EventLog(), timeout_seconds=10, retry_deadline_seconds=0)
        for _ in CatalogClient(f"{server.url}/api/v1", ALL_FIELDS, requester).look_up(keys):
            pass
        requester.close()
        lengths = [len(server.url) + len(line.split()[1]) for line in request_lines(server)]
    one_key = len("course-v1%3AOrganizationX%2BCourse000%2B2026_T1,")
    beside = len("?&keys=")
    assert all(LONGEST_URL - one_key < length - beside <= LONGEST_URL for length in lengths[:-1])


def test_more_keys_than_a_request_line_holds_are_split(client, catalog):
    catalog.control.generate(200)
    keys = [row["key"] for row in catalog.control.runs()]
    found = {run.key for _, page in client.look_up(keys) for run in page.course_runs}
    statuses = [request.status for request in catalog.control.requests(COURSE_RUNS_PATH)]
    assert found == set(keys)
    assert (set(statuses), len(statuses) > 1) == ({200}, True)


def test_more_short_keys_than_a_page_holds_are_split(client, catalog):
    keys = [f"X/{number}/T" for number in range(230)]
    catalog.control.set_runs([{"key": key} for key in keys])
    assert {run.key for _, page in client.look_up(keys) for run in page.course_runs} == set(keys)


def test_runs_that_differ_in_case_have_room_on_the_page(client, catalog):
    keys = [f"X/{number}/T" for number in range(150)]
    catalog.control.set_runs([{"key": key} for key in [*keys, *map(str.lower, keys)]])
    assert len([run for _, page in client.look_up(keys) for run in page.course_runs]) == 300


def test_plus_is_encoded(client, catalog):
    catalog.control.set_runs([{"key": "course-v1:A+B+C"}])
    list(client.look_up(["course-v1:A+B+C"]))
    [request] = catalog.control.requests(COURSE_RUNS_PATH)
    assert "keys=course-v1%3AA%2BB%2BC" in request.query


def test_page_size_is_given(client, catalog):
    """Else the service answers 20 of the runs, as if the others were gone."""
    catalog.control.generate(60)
    keys = [row["key"] for row in catalog.control.runs()]
    [(_, page)] = client.look_up(keys)
    assert page.rows == 60


def test_run_that_differs_in_case_is_an_answer(client, catalog):
    catalog.control.set_runs([{"key": "course-v1:a+b+c"}])
    [(_, page)] = client.look_up(["course-v1:A+B+C"])
    assert [run.key for run in page.course_runs] == ["course-v1:a+b+c"]


def test_look_up_of_nothing_asks_nothing(client, catalog):
    assert list(client.look_up([])) == []
    assert catalog.control.requests() == []


def test_waiting_for_a_look_up_ticks(catalog):
    ticks = []
    requester = Requester(EventLog(), timeout_seconds=10, retry_deadline_seconds=0)
    catalog.control.fault("slow", match={"path": COURSE_RUNS_PATH}, seconds=1.2)
    list(CatalogClient(catalog.api_url, [], requester, lambda: ticks.append(1)).look_up(["A/B/C"]))
    requester.close()
    assert len(ticks) >= 3


def test_what_a_tick_raises_ends_the_look_up(catalog):
    def stop() -> None:
        raise InterruptedError

    requester = Requester(EventLog(), timeout_seconds=10, retry_deadline_seconds=0)
    catalog.control.fault("slow", match={"path": COURSE_RUNS_PATH}, seconds=0.3)
    with pytest.raises(InterruptedError):
        list(CatalogClient(catalog.api_url, [], requester, stop).look_up(["A/B/C"]))
    requester.close()


def test_reply_of_fewer_rows_than_it_counts_fails(client, catalog):
    catalog.control.set_runs([{"key": "A/B/C"}, {"key": "D/E/F"}])
    catalog.control.fault("short", match={"path": COURSE_RUNS_PATH}, times=None, rows=1)
    with pytest.raises(RequestFailed, match="it holds 1 of 2 course runs"):
        list(client.look_up(["A/B/C", "D/E/F"]))


def page(*keys: str, rejected: tuple[str, ...] = ()) -> Page:
    return Page(
        tuple(CourseRun(key) for key in keys),
        tuple(RejectedRecord(key, "why") for key in rejected),
        rows=len(keys) + len(rejected),
        count=len(keys) + len(rejected),
    )


class TestWhyNoAnswer:
    """Which pages answer a look-up of A/B/C and É/F/G."""

    def why(self, answer: Page) -> str | None:
        return why_no_answer(answer, ["A/B/C", "É/F/G"])

    @pytest.mark.parametrize(
        "keys", [(), ("A/B/C",), ("a/b/c", "A/B/C"), ("E/f/g",), ("e\N{COMBINING ACUTE ACCENT}/F/G",)]
    )
    def test_keys_that_a_database_takes_for_equal_are_an_answer(self, keys):
        assert self.why(page(*keys)) is None

    def test_other_keys_are_none(self):
        assert self.why(page("A/B/C", "X/Y/Z")) == "course runs that were not asked for"

    def test_rejected_record_is_an_answer(self):
        assert self.why(page(rejected=("A/B/C",))) is None

    def test_rejected_record_without_key_is_none(self):
        assert self.why(page(rejected=("",))) == "a course run without a readable key"

    @given(st.text(), st.text())
    def test_any_keys_can_be_compared(self, key, other):
        assert why_no_answer(page(key or "x"), [other]) in (None, "course runs that were not asked for")
