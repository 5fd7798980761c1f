"""Course overviews, as in edx-platform's app of this name."""
