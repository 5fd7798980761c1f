"""What tests of the pages of course runs share."""

from __future__ import annotations

from catalog_sync.models import CatalogCourseRun
from catalog_sync.store import course_runs
from catalog_sync.store.course_runs import CatalogData

LIST = "/admin/catalog_sync/catalogcourserun/"
PINS = "/admin/catalog_sync/pinnedmarketingurl/"
PIN_PAGE = f"{PINS}pin/"
KEY, OTHER = "course-v1:ExampleX+One+2026", "course-v1:ExampleX+Other+2026"
LONGER = "course-v1:ExampleX+One+2026_T2"
CCX = "ccx-v1:ExampleX+One+2026+ccx@7"
URL, PIN = "https://www.example.com/course/one", "https://www.example.com/pinned"


def known(key=KEY, url=URL, status="published"):
    course_runs.record({key: CatalogData(status, url)}, "default")
    return CatalogCourseRun.objects.get(course_key=key)


def page_of(row):
    return f"{LIST}{row.pk}/change/"


def said(response):
    return " ".join(str(message) for message in response.context["messages"])
