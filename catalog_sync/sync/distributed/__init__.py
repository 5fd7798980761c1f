"""Celery workers read the pages of a sync run. Only ``api`` and ``tasks`` import this package."""
