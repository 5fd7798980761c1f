"""Enrollments, as in edx-platform's app of this name."""
