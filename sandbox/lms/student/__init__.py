"""Who learns what: enrollments, as in edx-platform's app of this name."""
