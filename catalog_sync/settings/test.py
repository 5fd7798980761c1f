"""The settings of an LMS under test: the defaults."""

from __future__ import annotations

from catalog_sync.settings.common import plugin_settings

__all__ = ["plugin_settings"]
