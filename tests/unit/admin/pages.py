"""Every kind of page of this app in Django admin. The rows have no words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from catalog_sync.api import pin_marketing_url
from catalog_sync.models import (
    CatalogCourseRun,
    CatalogSyncConfig,
    PinnedMarketingUrl,
    SyncRequest,
    SyncRun,
    SyncRunChange,
)
from catalog_sync.store.lease import Lease
from sandbox.lms.course_overviews.models import CourseOverview
from tests.admin_client import CONFIGURATION
from tests.factories import CourseOverviewFactory
from tests.unit.admin.course_runs import CCX, KEY, LIST, OTHER, PIN, PIN_PAGE, PINS, URL, known
from tests.unit.admin.sync_runs import RUNS, add_runs

OVERVIEW = "/admin/catalog_sync/catalogoverview/"
LINK = f"{OVERVIEW}course/"
CONFIG = "/admin/catalog_sync/catalogsyncconfig/"
Page = Callable[[Client], HttpResponse]


def sync_run(status="succeeded", changes=(), **values) -> SyncRun:
    """Store a sync run whose data has no words."""
    add_runs(1, **{"status": status, "message": "1", "holder": "2", "log_lines": "3"} | values)
    run = SyncRun.objects.latest("pk")
    SyncRunChange.objects.bulk_create(
        SyncRunChange(sync_run=run, kind=kind, course_key=KEY, old=URL, new=PIN, reason="4")
        for kind in changes
    )
    return run


def dead() -> SyncRun:
    run = sync_run("running", lease="default", finished=None)
    SyncRun.objects.update(heartbeat=timezone.now() - timedelta(hours=1))
    return run


def got(address: str, make: Callable[[], object] = lambda: None, **query: str) -> Page:
    """Return a page after rows were made."""

    def page(client: Client) -> HttpResponse:
        made = make()
        return client.get(address.format(getattr(made, "pk", "")), query, follow=True)

    return page


def posted(address: str, values: dict[str, str], make: Callable[[], object] = lambda: None) -> Page:
    """Return the page that a form leads to."""

    def page(client: Client) -> HttpResponse:
        made = make()
        return client.post(address.format(getattr(made, "pk", "")), values, follow=True)

    return page


def course(**values: object) -> None:
    CourseOverviewFactory(id=KEY, display_name="1", **values)


def both(url: str | None = URL, status: str = "published") -> object:
    course(marketing_url=url)
    return known(url=url, status=status)


def pinned() -> object:
    both()
    pin_marketing_url(KEY, PIN, None, "1")
    return PinnedMarketingUrl.objects.get()


def pinned_course_run() -> object:
    course()
    row = known()
    pin_marketing_url(KEY, PIN, None, "1")
    return row


def rejected() -> None:
    course()
    sync_run(changes=["rejected"], course_runs_rejected=1)


def rejected_but_kept() -> CatalogCourseRun:
    row = known()
    rejected()
    return row


def four_full_syncs() -> None:
    now = timezone.now()
    for hours in (8, 6, 4, 2):
        run = sync_run(finished=now - timedelta(hours=hours), updated=5)
        SyncRun.objects.filter(pk=run.pk).update(started=run.finished)


def overdue() -> None:
    SyncRequest.objects.create(command="1")
    SyncRequest.objects.update(requested=timezone.now() - timedelta(minutes=2))


def configured() -> CatalogSyncConfig:
    CatalogSyncConfig.objects.create(enabled=True, page_size=123)
    return CatalogSyncConfig.objects.create(enabled=False)


def ccx(**values: object) -> None:
    known()
    CourseOverviewFactory(id=CCX, **values)


def refused() -> SyncRun:
    return sync_run("refused", changes=["removed", "rejected"])


RUN, COURSE_RUN = RUNS + "{}/change/", LIST + "{}/change/"
FORM = CONFIGURATION | {"based_on": "0"}
PAGES = {
    "index": got("/admin/catalog_sync/"),
    "overview, new": got(OVERVIEW),
    "overview, healthy": got(OVERVIEW, four_full_syncs),
    "overview, late": got(
        OVERVIEW, lambda: [four_full_syncs(), SyncRun.objects.update(started="2026-01-01T00:00Z")]
    ),
    "overview, rejected": got(OVERVIEW, lambda: sync_run(course_runs_rejected=3)),
    "overview, warning": got(OVERVIEW, lambda: [sync_run(), sync_run("refused")]),
    "overview, failed": got(OVERVIEW, lambda: sync_run("failed")),
    "overview, future": got(OVERVIEW, lambda: sync_run(finished=timezone.now() + timedelta(days=1))),
    "overview, stale": got(OVERVIEW, lambda: sync_run(finished=timezone.now() - timedelta(days=9))),
    "overview, disabled": got(OVERVIEW, lambda: [sync_run(), configured()]),
    "overview, running": got(
        OVERVIEW, lambda: [course(), Lease.acquire(), SyncRun.objects.update(holder="1")]
    ),
    "overview, overdue": got(OVERVIEW, overdue),
    "configurations": got(CONFIG, configured),
    "configuration": got(CONFIG + "{}/change/", configured),
    "configuration form": got(f"{CONFIG}add/"),
    "configuration form, costs": got(f"{CONFIG}add/", lambda: sync_run(catalog_count=21_151)),
    "configuration form, empty": posted(f"{CONFIG}add/", {}),
    "configuration form, invalid": posted(
        f"{CONFIG}add/", FORM | {"page_size": "10001", "concurrency": "17"}
    ),
    "configuration form, expensive": posted(
        f"{CONFIG}add/", FORM | {"page_size": "20"}, lambda: sync_run(catalog_count=21_151)
    ),
    "configuration form, small": posted(f"{CONFIG}add/", FORM | {"page_size": "2"}),
    "configuration form, changed meanwhile": posted(f"{CONFIG}add/", FORM, configured),
    "configuration, saved": posted(f"{CONFIG}add/", FORM),
    "sync runs": got(RUNS, four_full_syncs),
    "sync runs, other kinds": got(
        RUNS, lambda: [sync_run(scope="changed"), sync_run(scope="course_keys", dry_run=True)]
    ),
    "sync runs, disabled": got(RUNS, configured),
    "sync runs, overdue": got(RUNS, overdue),
    "sync runs, searched": got(RUNS, sync_run, q="9"),
    "sync run, changes": got(RUN, lambda: sync_run(changes=["changed", "removed", "rejected"])),
    "sync run, dry run": got(RUN, lambda: sync_run(dry_run=True, changes=["changed", "removed"])),
    "sync run, nothing read": got(RUN, lambda: sync_run("canceled", log_lines="")),
    "sync run, read": got(RUN, lambda: sync_run("incomplete", course_runs_retrieved=5)),
    "sync run, dry run read": got(RUN, lambda: sync_run("skipped", course_runs_retrieved=5, dry_run=True)),
    "sync run, many changes": got(RUN, lambda: sync_run("refused", changes=["removed"] * 1_000), page="2"),
    "sync run, running": got(RUN, lambda: sync_run("running", lease="default", finished=None)),
    "sync run, canceling": got(
        RUN,
        lambda: sync_run("running", lease="default", finished=None, cancel_requested=True),
    ),
    "sync run, dead": got(RUN, dead),
    "sync run, history": got(RUNS + "{}/history/", sync_run),
    "allow removals": got(RUNS + "{}/allow-removals/", refused),
    "allow removals, many": got(
        RUNS + "{}/allow-removals/", lambda: sync_run("refused", changes=["removed"] * 1_000)
    ),
    "allow removals, not refused": got(RUNS + "{}/allow-removals/", sync_run),
    "allow removals, no broker": posted(RUNS + "{}/allow-removals/", {}, refused),
    "start, no broker": posted(f"{RUNS}start/", {}),
    "start, dry run": posted(f"{RUNS}start/", {"dry_run": "1"}),
    "start, disabled": posted(f"{RUNS}start/", {}, configured),
    "start, running": posted(
        f"{RUNS}start/", {}, lambda: sync_run("running", lease="default", finished=None)
    ),
    "cancel": posted(RUNS + "{}/cancel/", {}, lambda: sync_run("running", lease="default", finished=None)),
    "cancel, ended": posted(RUNS + "{}/cancel/", {}, sync_run),
    "course runs": got(LIST, lambda: [both(), known(OTHER, None)]),
    "course runs, pinned": got(LIST, pinned),
    "course runs, filtered": got(LIST, both, published="yes"),
    "course run": got(COURSE_RUN, both),
    "course runs, none found": got(LIST, both, q="1"),
    "course runs, rejected": got(LIST, rejected_but_kept, rejected="yes"),
    "course run, rejected": got(COURSE_RUN, rejected_but_kept),
    "course run, overdue": got(COURSE_RUN, lambda: [overdue(), both()][1]),
    "course run, pinned": got(COURSE_RUN, pinned_course_run),
    "course run, history": got(LIST + "{}/history/", pinned_course_run),
    "course run, sync": posted(f"{LINK}sync/", {"course_key": KEY}, both),
    "pins": got(PINS, pinned),
    "pin": got(PINS + "{}/change/", pinned),
    "pin form": got(PIN_PAGE),
    "pin form, empty": posted(PIN_PAGE, {}),
    "pin form, invalid": posted(PIN_PAGE, {"course_key": "1", "url": "2"}),
    "pin form, unknown course": posted(PIN_PAGE, {"course_key": KEY, "url": PIN}),
    "pinned": posted(PIN_PAGE, {"course_key": KEY, "url": PIN}, both),
    "unpinned": posted(PINS + "{}/unpin/", {}, pinned),
    "link, search": got(LINK),
    "link, invalid": got(LINK, q="1"),
    "link, unknown": got(LINK, q=KEY),
    "link, not in the LMS": got(LINK, known, q=KEY),
    "link, without a URL": got(LINK, lambda: both(None), q=KEY),
    "link, unpublished": got(LINK, lambda: both(None, "unpublished"), q=KEY),
    "link, marketing URL": got(LINK, both, q=KEY),
    "link, not in the Catalog": got(LINK, course, q=KEY),
    "link, social": got(LINK, lambda: course(social_sharing_url=URL), q=KEY),
    "link, other tool": got(LINK, lambda: course(marketing_url=URL), q=KEY),
    "link, pinned": got(LINK, pinned, q=KEY),
    "link, not in the LMS, unpublished": got(LINK, lambda: known(url=None, status="unpublished"), q=KEY),
    "link, not synced": got(
        LINK, lambda: [course(), known(), CourseOverview.objects.update(marketing_url=None)], q=KEY
    ),
    "link, CCX of a pinned course": got(LINK, lambda: [pinned(), CourseOverviewFactory(id=CCX)], q=CCX),
    "link, rejected": got(LINK, rejected, q=KEY),
    "link, rejected but kept": got(LINK, rejected_but_kept, q=KEY),
    "link, last full sync": got(
        LINK, lambda: [both(), sync_run(finished=timezone.now() + timedelta(1))], q=KEY
    ),
    "link, CCX without a URL": got(LINK, lambda: CourseOverviewFactory(id=CCX), q=CCX),
    "link, CCX of a course without a URL": got(
        LINK, lambda: [known(url=None), CourseOverviewFactory(id=CCX)], q=CCX
    ),
    "link, overdue": got(LINK, overdue, q=KEY),
    "link, CCX": got(LINK, ccx, q=CCX),
    "link, CCX with its own": got(LINK, lambda: ccx(marketing_url=PIN), q=CCX),
    "link, sync": posted(f"{LINK}sync/?next=link", {"course_key": KEY}, both),
    "link, sync of an invalid key": posted(f"{LINK}sync/?next=link", {"course_key": "1"}),
}
