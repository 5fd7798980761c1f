"""Modules of edx-platform, if it is installed."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from types import ModuleType


@cache
def installed_module(path: str) -> ModuleType | None:
    """Import a module of edx-platform; return None if it is not installed.

    The result is cached, so that a host without edx-platform does not search for the module at each call.
    """
    try:
        return import_module(path)
    except ImportError:
        return None
