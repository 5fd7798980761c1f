"""The modules of edx-platform that the links depend on, reduced to what this app calls. No filter runs."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from django.conf import settings

LMS_ROOT_URL = "https://lms.example.com"


class FakePlatform:
    """Edx-platform in one process.

    Attributes:
        site: the site configuration of the current request.
        modules: the modules by their paths.
    """

    def __init__(self) -> None:
        self.site: dict[str, Any] = {}
        helpers = ModuleType("helpers")
        helpers.get_value = lambda name, default=None: self.site.get(name, default)
        self._course = ModuleType("course")
        self.modules = {
            "openedx.core.djangoapps.site_configuration.helpers": helpers,
            "common.djangoapps.util.course": self._course,
        }
        self.use(self.link_of_releases_with_the_flag)

    def use(self, link_function: Any) -> None:
        """Install another link function."""
        self._course.get_link_for_about_page = link_function

    def use_catalog_mfe(self, is_used: bool) -> None:
        """Have the function that reports whether the LMS uses the catalog MFE, as later releases do."""
        self._course.use_catalog_mfe = lambda: is_used

    def link_of_releases_with_the_flag(self, course: Any) -> str:
        if self._shares_social_urls() and course.social_sharing_url:
            return course.social_sharing_url
        if settings.FEATURES.get("ENABLE_MKTG_SITE") and course.marketing_url:
            return course.marketing_url
        return f"{LMS_ROOT_URL}/courses/{course.id}/about"

    def link_of_later_releases(self, course: Any) -> str:
        """Return what releases return that ignore ENABLE_MKTG_SITE."""
        social = course.social_sharing_url if self._shares_social_urls() else None
        return social or course.marketing_url or f"{LMS_ROOT_URL}/courses/{course.id}/about"

    def _shares_social_urls(self) -> bool:
        sharing = self.site.get("SOCIAL_SHARING_SETTINGS", getattr(settings, "SOCIAL_SHARING_SETTINGS", {}))
        return bool(sharing.get("CUSTOM_COURSE_URLS"))
