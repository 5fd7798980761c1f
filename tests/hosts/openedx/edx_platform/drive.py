"""Run a scenario in an LMS or in Studio, and write what it recorded to standard output, as JSON."""

from __future__ import annotations

import io
import json
import sys
from types import SimpleNamespace
from typing import Any

import courses
import django

django.setup()

from common.djangoapps.student.models import CourseEnrollment  # noqa: E402
from common.djangoapps.util.course import get_link_for_about_page  # noqa: E402
from django.conf import settings  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.contrib.sites.models import Site  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client, override_settings  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from opaque_keys.edx.keys import CourseKey  # noqa: E402
from openedx.core.djangoapps.catalog.models import CatalogIntegration  # noqa: E402
from openedx.core.djangoapps.content.course_overviews.models import CourseOverview  # noqa: E402
from openedx.core.djangoapps.site_configuration.models import SiteConfiguration  # noqa: E402

VERSIONS = ("v0.5", "v1", "v2", "v3", "v4")


def set_up(catalog_url: str | None = None) -> None:
    """Make an LMS as Tutor and its discovery plugin do: two sites with configurations, and a service user."""
    call_command("migrate", run_syncdb=True, verbosity=0)
    Site.objects.update_or_create(pk=settings.SITE_ID, defaults={"domain": courses.LMS_HOST})
    addresses = {courses.LMS_HOST: catalog_url, courses.DEV_SITE: "http://127.0.0.1:9/api/v1"}
    for domain, address in addresses.items():
        site, _ = Site.objects.get_or_create(domain=domain)
        values = {"LMS_ROOT_URL": courses.SITE_ROOT_URL}
        if catalog_url:
            values["COURSE_CATALOG_API_URL"] = address
        SiteConfiguration.objects.create(site=site, enabled=True, site_values=values)
    User.objects.create_user(courses.SERVICE_USER)
    CatalogIntegration(enabled=True, service_username=courses.SERVICE_USER).save()
    enroll(courses.LEARNER, courses.FEW)
    enroll(courses.PROLIFIC_LEARNER, courses.MANY)
    CourseOverview.objects.filter(pk=courses.SOCIAL).update(social_sharing_url=courses.SOCIAL_URL)


def enroll(username: str, keys: tuple[str, ...]) -> None:
    parsed = [CourseKey.from_string(key) for key in keys]
    CourseOverview.objects.bulk_create(CourseOverview(id=key, org=key.org) for key in parsed)
    user = User.objects.create_user(username)
    CourseEnrollment.objects.bulk_create(CourseEnrollment(user=user, course_id=key) for key in parsed)


def learner_links(version: str = "v1", username: str = courses.LEARNER) -> dict[str, str]:
    """Return ``course_about`` of each enrollment of a mobile reply, by course key."""
    path = f"/api/mobile/{version}/users/{username}/course_enrollments/"
    reply = Client(HTTP_HOST=courses.LMS_HOST).get(path).json()
    listed = reply if isinstance(reply, list) else reply["enrollments"]
    if isinstance(listed, dict):
        listed = [*([reply["primary"]] if "primary" in reply else []), *listed["results"]]
    return {each["course"]["id"]: each["course"]["course_about"] for each in listed}


def links_by_version() -> dict[str, dict[str, str]]:
    return {version: learner_links(version) for version in VERSIONS}


def manage(name: str, **options: Any) -> Any:
    """Run a management command, and return its JSON."""
    output = io.StringIO()
    call_command(name, json=True, stdout=output, **options)
    return json.loads(output.getvalue())


def sync(**options: Any) -> dict[str, Any]:
    return manage("update_catalog_data", **options)


def check() -> str:
    """Return what ``manage.py check`` writes."""
    output = io.StringIO()
    call_command("check", databases=["default"], stdout=output, stderr=output)
    return output.getvalue()


def queries_of_the_long_list() -> tuple[int, dict[str, str]]:
    with CaptureQueriesContext(connection) as queries:
        links = learner_links(username=courses.PROLIFIC_LEARNER)
    return len(queries), links


def admin_page() -> str:
    """Return the page about a course in Django admin."""
    from catalog_sync.models import CatalogCourseRun

    client = Client(HTTP_HOST=courses.LMS_HOST)
    client.force_login(User.objects.create_superuser("admin"))
    row = CatalogCourseRun.objects.get(course_key=courses.OFFERED)
    return client.get(f"/admin/catalog_sync/catalogcourserun/{row.pk}/change/").content.decode()


def learner(catalog_url: str) -> dict[str, Any]:
    """Sync a Catalog whose address is in the site configuration."""
    set_up(catalog_url)
    record: dict[str, Any] = {"before": links_by_version()}
    record["report"], record["check"] = sync(), check()
    record["after"] = links_by_version()
    with override_settings(SOCIAL_SHARING_SETTINGS={"CUSTOM_COURSE_URLS": True}):
        record["custom_course_urls"] = learner_links()
    queries, record["long_list"] = queries_of_the_long_list()
    with override_settings(OPEN_EDX_FILTERS_CONFIG={}):
        queries_without_filter, _ = queries_of_the_long_list()
    record["more_queries"] = queries - queries_without_filter
    record["languages"] = sorted(
        set(CourseOverview.objects.filter(pk__in=courses.MANY).values_list("language", flat=True))
    )
    record["filters"] = settings.OPEN_EDX_FILTERS_CONFIG
    return record


def filter_off() -> dict[str, Any]:
    """Sync a Catalog whose address is in the YAML file, in an LMS whose YAML file disables the filter."""
    set_up()
    record: dict[str, Any] = {"report": sync(), "check": check(), "after": links_by_version()}
    record["admin_page"], record["filters"] = admin_page(), settings.OPEN_EDX_FILTERS_CONFIG
    return record


def studio() -> dict[str, Any]:
    """Read links in Studio, of course blocks and of course overviews."""
    from catalog_sync.api import get_lms_link_for_about_page

    overviews = [CourseOverview.objects.get(pk=key) for key in courses.FEW]
    blocks = [SimpleNamespace(id=each.id, social_sharing_url=each.social_sharing_url) for each in overviews]
    catalog_mfe = {
        "FEATURES": {"ENABLE_CATALOG_MICROFRONTEND": True},
        "CATALOG_MICROFRONTEND_URL": courses.CATALOG_MFE_URL,
    }
    with override_settings(**catalog_mfe):
        links_of_blocks_with_mfe = {str(each.id): get_link_for_about_page(each) for each in blocks}
    return {
        "links_of_blocks": {str(each.id): get_link_for_about_page(each) for each in blocks},
        "links_of_blocks_with_mfe": links_of_blocks_with_mfe,
        "our_links_of_blocks": {str(each.id): get_lms_link_for_about_page(each) for each in blocks},
        "our_links_of_overviews": {str(each.id): get_lms_link_for_about_page(each) for each in overviews},
        "filters": settings.OPEN_EDX_FILTERS_CONFIG,
        "check": check(),
    }


SCENARIOS = {each.__name__: each for each in (learner, filter_off, studio)}

if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    json.dump(SCENARIOS[name](*arguments), sys.stdout)
