#!/usr/bin/env python
"""Runs the sandbox LMS: a small Open edX-style LMS to try catalog_sync on."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sandbox.lms.settings")
    if sys.argv[1:2] == ["lms"]:  # as edx-platform's own manage.py has it
        del sys.argv[1]
    execute_from_command_line(sys.argv)
