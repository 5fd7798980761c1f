"""The rate limit, the reply cache and the latency of the stand-in Catalog."""

from concurrent.futures import ThreadPoolExecutor
from statistics import mean
from urllib.parse import quote, urlsplit

import pytest

from sandbox.catalog.rows import MARKETING_ROOT
from sandbox.catalog.workers import Irregularity
from tests.sandbox.catalog_caller import seconds_of

ANOTHER_CLIENT = ("another-worker", "another-worker-secret")


def as_another_user(caller):
    return {"Authorization": f"JWT {caller.new_token(ANOTHER_CLIENT)}"}


class TestThrottle:
    """Requests per hour of each user."""

    def test_has_no_limit_by_default(self, caller):
        assert caller.statuses(*["fields=key"] * 30) == [200] * 30

    @pytest.mark.parametrize(
        ("queries", "statuses"),
        [
            (["page=1", "limit=7", "limit=8"], [200, 200, 429]),
            (["page=1", "page=1", "page=1"], [200, 200, 429]),
            (["page=abc", "page=1", "page=1"], [404, 200, 429]),
        ],
        ids=["different", "cached", "errors"],
    )
    def test_counts_every_reply(self, control, caller, queries, statuses):
        control.settings(throttle_per_hour=2)

        assert caller.statuses(*queries) == statuses

    def test_retry_after_is_the_time_until_the_first_request_is_an_hour_old(self, control, caller):
        control.settings(throttle_per_hour=1)
        caller.runs()

        assert 3590 <= int(caller.runs().header("Retry-After") or 0) <= 3600

    def test_counts_each_user_separately_and_no_request_without_a_user(self, control, caller):
        control.settings(throttle_per_hour=1)

        assert caller.runs(authorized=False).status == 401
        assert caller.runs().status == 200
        assert caller.runs(headers=as_another_user(caller)).status == 200
        assert caller.runs().status == 429

    def test_reset_clears_the_count(self, control, caller):
        control.settings(throttle_per_hour=1)
        caller.runs()
        control.reset()
        control.settings(throttle_per_hour=1)

        assert caller.runs().status == 200


NEW = {"marketing_url": "https://www.example.org/new"}


@pytest.fixture
def url_of(caller):
    """Return a function that returns the marketing URL of a course run, with more parameters if given."""

    def url_of(key, parameters=""):
        [row] = caller.runs(f"keys={quote(key)}&exclude_utm=1{parameters}").json["results"]
        return row["marketing_url"]

    return url_of


def next_host(caller, query, host):
    """Return the host in ``next`` for a caller that uses ``host``."""
    return urlsplit(caller.runs(query, headers={"Host": host}).json["next"]).netloc


@pytest.mark.usefixtures("keys")
class TestReplyCache:
    """Whole replies by their exact query string."""

    @pytest.mark.parametrize(
        ("cache", "second_query", "host"),
        [
            (True, "page=1&fields=key", "first.example"),
            (True, "fields=key&page=1", "second.example"),
            (False, "page=1&fields=key", "second.example"),
        ],
    )
    def test_next_has_the_host_of_the_first_caller_with_the_same_query(
        self, control, caller, cache, second_query, host
    ):
        control.settings(cache=cache)
        next_host(caller, "page=1&fields=key", "first.example")

        assert next_host(caller, second_query, "second.example") == host

    def test_utm_source_is_the_first_caller_but_a_token_is_needed(self, caller):
        caller.runs("page=1")

        answer = caller.runs("page=1", headers=as_another_user(caller))
        assert b"utm_source=lms_staff_service_user" in answer.body
        assert caller.runs("page=1", authorized=False).status == 401

    @pytest.mark.parametrize("via_publisher", [True, False])
    def test_every_delete_makes_all_replies_stale(self, control, caller, via_publisher):
        before = caller.runs("page=1&page_size=1")
        control.delete(before.keys, via_publisher=via_publisher)

        assert caller.runs("page=1&page_size=1").keys != before.keys

    @pytest.mark.parametrize("via_publisher", [True, False])
    def test_every_save_makes_all_replies_stale(self, control, caller, url_of, keys, via_publisher):
        url_of(keys[0])
        control.queryset_update([NEW | {"key": keys[0]}])
        control.upsert([{"key": keys[-1], "status": "reviewed"}], via_publisher=via_publisher)

        assert url_of(keys[0]) == NEW["marketing_url"]

    def test_queryset_update_leaves_old_replies(self, control, url_of, keys):
        old = url_of(keys[0])
        control.queryset_update([NEW | {"key": keys[0]}])

        assert [url_of(keys[0]), url_of(keys[0], "&unknown=1")] == [old, NEW["marketing_url"]]

    @pytest.mark.parametrize(
        ("root", "new"), [("https://new.example.com", "https://new.example.com/{}"), ("", "{}")]
    )
    def test_new_root_of_the_partner_leaves_old_replies(self, control, url_of, keys, root, new):
        old = url_of(keys[0])
        control.change_partner(marketing_site_url_root=root)

        path = old.removeprefix(f"{MARKETING_ROOT}/")
        assert [url_of(keys[0]), url_of(keys[0], "&unknown=1")] == [old, new.format(path)]

    def test_edit_in_a_transaction_leaves_a_reply_from_before_its_commit(self, control, url_of, keys):
        old = url_of(keys[0])
        with control.transaction([NEW | {"key": keys[0]}]):
            during = url_of(keys[0])

        assert [during, url_of(keys[0]), url_of(keys[0], "&unknown=1")] == [old, old, NEW["marketing_url"]]

    def test_edit_in_a_transaction_makes_older_replies_stale(self, control, url_of, keys):
        url_of(keys[0])
        with control.transaction([NEW | {"key": keys[0]}]):
            pass

        assert url_of(keys[0]) == NEW["marketing_url"]

    def test_errors_are_not_cached(self, control, caller):
        query = "page=14&page_size=20"
        before = caller.runs(query).status
        control.upsert({"key": f"course-v1:More+Runs+{number}"} for number in range(20))

        assert (before, caller.runs(query).status) == (404, 200)


LATENCY = {"latency": True, "page_seconds": 0.1, "run_seconds": 0.01}
# Longer than a test waits: only a cached reply arrives in time.
CACHED_LATENCY = {
    "latency": True,
    "page_seconds": 3600,
    "cached_page_seconds": 0.1,
    "cached_run_seconds": 0.01,
}


@pytest.mark.usefixtures("keys")
class TestLatency:
    """The stand-in can be as slow as the real service."""

    def test_defaults_are_the_seconds_of_the_real_service(self, control):
        settings = control.settings()

        assert (settings["page_seconds"], settings["run_seconds"], settings["workers"]) == (0.09, 0.0037, 2)
        for pages, page_size, seconds in [(175, 20, 1.6), (1, 3_490, 0.06)]:
            cached_page = settings["cached_page_seconds"] + page_size * settings["cached_run_seconds"]
            assert pages * cached_page == pytest.approx(seconds, rel=0.05)

    @pytest.mark.parametrize(
        ("query", "seconds"),
        [
            ("limit=30&fields=key", 0.1 + 30 * 0.01),
            # Full objects take half as long again.
            ("limit=30", 0.1 + 30 * 0.015),
            ("limit=10&offset=20&fields=key", 0.1 + 10 * 0.01 + 20 * 0.02),
        ],
        ids=["fields", "full objects", "offset"],
    )
    def test_page_takes_its_time(self, control, caller, query, seconds):
        control.settings(**LATENCY, skipped_run_seconds=0.02)
        assert caller.token

        assert seconds_of(lambda: caller.runs(query)) >= seconds

    def test_page_takes_longer_if_it_stalls(self, control, caller):
        assert caller.token
        # The first page of this seed stalls.
        control.settings(latency=True, page_seconds=0, run_seconds=0, irregular=57, stall_seconds=0.5)

        assert seconds_of(lambda: caller.runs("limit=10&fields=key")) >= 0.5

    def test_page_past_the_end_takes_no_time_for_the_offset(self, control, caller):
        control.settings(**LATENCY, skipped_run_seconds=3600)

        assert caller.runs("limit=10&offset=1000000").status == 200

    def test_cached_page_takes_its_time(self, control, caller):
        caller.runs("limit=30")
        control.settings(**CACHED_LATENCY)

        assert seconds_of(lambda: caller.runs("limit=30")) >= 0.1 + 30 * 0.01

    @pytest.mark.parametrize(
        ("latency", "turns"),
        [
            (LATENCY | {"workers": 1, "cache": False}, 4),
            (LATENCY | {"workers": 2, "cache": False}, 2),
            (CACHED_LATENCY | {"workers": 1}, 4),
        ],
        ids=["one worker", "two workers", "cached"],
    )
    def test_parallel_requests_queue_for_the_workers(self, control, caller, latency, turns):
        caller.runs("limit=10&fields=key")
        control.settings(**latency)

        def four_in_parallel():
            with ThreadPoolExecutor(4) as callers:
                list(callers.map(caller.runs, ["limit=10&fields=key"] * 4))

        assert seconds_of(four_in_parallel) >= turns * 0.2


class TestIrregularity:
    """The latency with a seed."""

    def test_is_the_same_for_the_same_seed(self):
        first, second, other = (
            [irregularity.of(1) for _ in range(50)]
            for irregularity in (Irregularity(1, 5), Irregularity(1, 5), Irregularity(2, 5))
        )

        assert first == second != other

    def test_is_the_regular_latency_on_average(self):
        irregularity = Irregularity(1, stall_seconds=0)

        assert mean(irregularity.of(2) for _ in range(10_000)) == pytest.approx(2, rel=0.02)

    def test_stalls_two_pages_in_a_hundred(self):
        irregularity = Irregularity(1, stall_seconds=1_000)

        assert sum(irregularity.of(1) > 500 for _ in range(10_000)) == pytest.approx(200, rel=0.2)
