"""The link to a course's about page that the LMS itself gives to learners."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import CodeType
from typing import Any

from catalog_sync import conf
from catalog_sync.event_log import EventLog
from catalog_sync.openedx.modules import installed_module

LINK_MODULE = "common.djangoapps.util.course"
SITE_CONFIGURATION_MODULE = "openedx.core.djangoapps.site_configuration.helpers"
FLAG = "ENABLE_MKTG_SITE"


def about_page_base() -> str:
    """Return the URL that paths of about pages are appended to, without a trailing slash.

    It is the catalog MFE if the LMS uses it, else the LMS's root URL. Both can be set per site. It sends no query:
    within a request, the platform has already loaded the site configuration; outside a request, the settings are used.
    """
    base = ""
    if _uses_catalog_mfe():
        base = _site_value("CATALOG_MICROFRONTEND_URL", conf.catalog_microfrontend_url())
    return str(base or _site_value("LMS_ROOT_URL", conf.lms_root_url())).rstrip("/")


def platform_link(course: Any) -> str | None:
    """Return the link that the LMS's own function returns; None if it does not exist or fails."""
    function = _link_function()
    if function is None:
        return None
    try:
        return str(function(course))
    except Exception as error:
        # The function runs the filter steps of other plugins, which may raise anything.
        EventLog().warning("platform_link_failed", course_key=course.id, reason=repr(error))
        return None


def uses_social_sharing_urls() -> bool:
    """Return whether the LMS's own function returns social sharing URLs."""
    return bool(
        _site_value("SOCIAL_SHARING_SETTINGS", conf.social_sharing_settings()).get("CUSTOM_COURSE_URLS")
    )


def returns_marketing_urls() -> bool:
    """Return whether learners get marketing URLs from the LMS's own function, without a database query.

    True also if that function does not exist.
    """
    return not platform_needs_flag() or conf.is_feature_enabled(FLAG) or conf.is_about_page_step_active()


def platform_needs_flag() -> bool:
    """Return whether the LMS's own function ignores marketing URLs unless ``ENABLE_MKTG_SITE`` is on.

    Releases up to Verawood do; later ones do not. The code of the function is inspected, as a call needs a course.
    """
    function = _link_function()
    code = getattr(inspect.unwrap(function), "__code__", None) if function else None
    return code is not None and _mentions_flag(code)


def _mentions_flag(code: CodeType) -> bool:
    return any(
        _mentions_flag(constant) if isinstance(constant, CodeType) else constant == FLAG
        for constant in code.co_consts
    )


def _link_function() -> Callable[[Any], Any] | None:
    return getattr(installed_module(LINK_MODULE), "get_link_for_about_page", None)


def _uses_catalog_mfe() -> bool:
    use_catalog_mfe = getattr(installed_module(LINK_MODULE), "use_catalog_mfe", None)
    return use_catalog_mfe is not None and bool(use_catalog_mfe())


def _site_value(name: str, default: Any) -> Any:
    helpers = installed_module(SITE_CONFIGURATION_MODULE)
    value = None if helpers is None else helpers.get_value(name, default)
    return default if value is None else value
