"""The link to a course's about page: the function of the releases up to Verawood, and that of master."""

import os

from django.conf import settings
from lms.djangoapps.branding.toggles import use_catalog_mfe
from openedx.core.djangoapps.site_configuration import helpers
from openedx_filters.learning.filters import CourseAboutPageURLRequested


def _social_sharing_url(course):
    return course.social_sharing_url if settings.SOCIAL_SHARING_SETTINGS.get("CUSTOM_COURSE_URLS") else None


def _lms_root_url():
    return helpers.get_value("LMS_ROOT_URL", settings.LMS_ROOT_URL)


def _filtered(url, course):
    url, _org = CourseAboutPageURLRequested.run_filter(url=url, org=course.id.org)
    return url


if os.environ["PLATFORM_RELEASE"] == "verawood":

    def get_link_for_about_page(course):
        if url := _social_sharing_url(course):
            return url
        if settings.FEATURES.get("ENABLE_MKTG_SITE") and getattr(course, "marketing_url", None):
            return course.marketing_url
        return _filtered(f"{_lms_root_url()}/courses/{course.id}/about", course)

else:

    def get_link_for_about_page(course):
        base = settings.CATALOG_MICROFRONTEND_URL if use_catalog_mfe() else _lms_root_url()
        url = (
            _social_sharing_url(course)
            or getattr(course, "marketing_url", None)
            or f"{base}/courses/{course.id}/about"
        )
        return _filtered(url, course)
