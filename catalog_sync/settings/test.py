"""What an LMS under test has: the defaults, whatever its settings file is built upon."""

from __future__ import annotations

from catalog_sync.settings.common import plugin_settings

__all__ = ["plugin_settings"]
