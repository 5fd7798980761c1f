"""What an LMS in production takes from its YAML file."""

from __future__ import annotations

from typing import Any

from catalog_sync.settings import common


def plugin_settings(settings: Any) -> None:
    """Take our settings from the LMS's YAML file, where the LMS has kept it, then the defaults.

    Open edX sets every name of the file by itself; some releases only did so for names that they knew, and all of
    those kept the whole file as ``ENV_TOKENS``.
    """
    tokens = getattr(settings, "ENV_TOKENS", {})
    for name in common.defaults():
        if name in tokens:
            setattr(settings, name, tokens[name])
    common.plugin_settings(settings)
