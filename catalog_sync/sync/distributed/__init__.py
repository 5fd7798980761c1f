"""A sync run whose pages Celery workers read."""
