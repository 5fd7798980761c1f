"""Celery workers read the pages of a sync run. Only ``sync.each_catalog`` and ``tasks`` import this package."""
