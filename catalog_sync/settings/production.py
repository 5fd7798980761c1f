"""The settings of an LMS in production, from its YAML file."""

from __future__ import annotations

from typing import Any

from catalog_sync import conf
from catalog_sync.settings import common


def plugin_settings(settings: Any) -> None:
    """Read the settings from the LMS's YAML file, set the defaults, and add the step to the filter of about pages.

    Most Open edX releases set every name of the YAML file. Some set only the names that they use themselves, and keep
    the whole file as ``ENV_TOKENS``.
    """
    tokens = getattr(settings, "ENV_TOKENS", {})
    for name in common.defaults():
        if name in tokens:
            setattr(settings, name, tokens[name])
    common.plugin_settings(settings)
    if settings.CATALOG_SYNC_ABOUT_PAGE_FILTER:
        filters = getattr(settings, "OPEN_EDX_FILTERS_CONFIG", None) or {}
        settings.OPEN_EDX_FILTERS_CONFIG = {
            **filters,
            conf.ABOUT_PAGE_FILTER: _with_step(filters.get(conf.ABOUT_PAGE_FILTER)),
        }


def _with_step(filter_config: Any) -> Any:
    """Return the configuration of the filter with this app's step at the end of its pipeline.

    It may be a dict, a list or a str, as in openedx-filters. The objects of the LMS are not changed.
    """
    if not filter_config:
        return {"fail_silently": True, "pipeline": [conf.ABOUT_PAGE_STEP]}
    if isinstance(filter_config, dict):
        return {**filter_config, "pipeline": _with_step_at_end(filter_config.get("pipeline"))}
    if isinstance(filter_config, list | str):
        return _with_step_at_end(filter_config)
    return filter_config  # openedx-filters ignores it.


def _with_step_at_end(pipeline: Any) -> list[str]:
    steps = [pipeline] if isinstance(pipeline, str) else list(pipeline or ())
    return steps if conf.ABOUT_PAGE_STEP in steps else [*steps, conf.ABOUT_PAGE_STEP]
