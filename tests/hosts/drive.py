"""Scenario for a test host: ``python -m tests.hosts.drive CATALOG_URL`` prints what it recorded, as JSON."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import django
from django.core.management import call_command

from sandbox.catalog.testing import CatalogControl

OFFERED, REMOVED, LATER, UNPUBLISHED = (
    f"course-v1:HostX+{name}+2026" for name in ("Offered", "Removed", "Later", "Unpublished")
)
CCX = "ccx-v1:HostX+Offered+2026+ccx@7"


class Host:
    """The course overviews of the host."""

    def __init__(self) -> None:
        from catalog_sync.store import course_overviews

        self.model = course_overviews.model()

    def create(self, key: str) -> None:
        self.model(pk=key, display_name=key).save()

    def publish_in_place(self, key: str) -> None:
        row = self.model.objects.get(pk=key)
        row.display_name = "published"
        row.save()

    def publish_anew(self, key: str) -> None:
        self.model.objects.get(pk=key).delete()
        self.create(key)

    def urls(self) -> dict[str, str | None]:
        return {str(row.pk): row.marketing_url for row in self.model.objects.all()}

    def links(self) -> dict[str, str]:
        from catalog_sync.api import get_lms_link_for_about_page

        return {str(row.pk): get_lms_link_for_about_page(row) for row in self.model.objects.all()}

    def filtered_links(self) -> dict[str, str]:
        """Return what the filter step makes of the about page of each course."""
        from openedx_filters.learning.filters import CourseAboutPageURLRequested

        pages = {key: f"https://lms.example.com/courses/{key}/about" for key in self.urls()}
        return {
            key: CourseAboutPageURLRequested.run_filter(url=url, org="HostX")[0] for key, url in pages.items()
        }

    def history(self) -> list[tuple[str, str | None]]:
        """Return the key and the URL of each history row that the sync wrote."""
        manager = getattr(self.model, getattr(self.model._meta, "simple_history_manager_attribute", ""), None)
        rows = manager.filter(history_change_reason="catalog_sync") if manager else []
        return sorted((str(row.id), row.marketing_url) for row in rows)

    def modified(self) -> dict[str, str]:
        return {str(row.pk): str(getattr(row, "modified", "")) for row in self.model.objects.all()}


def drive(control: CatalogControl) -> dict[str, Any]:
    from catalog_sync.api import update_catalog_data

    host, record = Host(), {}
    for key in (OFFERED, REMOVED, UNPUBLISHED, CCX):
        host.create(key)
    read_before_the_sync = host.model.objects.get(pk=OFFERED)
    before = host.modified()
    record["first"] = update_catalog_data().as_dict()
    record["urls"], record["links"], record["history"] = host.urls(), host.links(), host.history()
    record["filtered"] = host.filtered_links()
    record["modified"] = sorted(key for key, value in host.modified().items() if value != before[key])
    record["second"] = update_catalog_data().as_dict()
    for way in ("in_place", "anew"):
        for key in (OFFERED, REMOVED, UNPUBLISHED, CCX):
            getattr(host, f"publish_{way}")(key)
        record[f"published_{way}"] = host.urls()
    read_before_the_sync.save()
    record["saved"] = host.urls()
    host.create(LATER)
    record["created_later"] = host.urls()
    control.delete([REMOVED])
    record["removal"] = update_catalog_data().as_dict()
    for way in ("in_place", "anew"):
        getattr(host, f"publish_{way}")(REMOVED)
        record[f"removed_and_published_{way}"] = host.urls()
    return record


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.hosts.settings"
    django.setup()
    call_command("check", fail_level="WARNING", stdout=sys.stderr)
    call_command("migrate", run_syncdb=True, verbosity=0)
    json.dump(drive(CatalogControl(sys.argv[1])), sys.stdout)
