"""A small LMS with the models and APIs of edx-platform that catalog_sync needs, for demos and tests."""

# As in edx-platform: ``shared_task`` uses the Celery app that is imported here.
from sandbox.lms.celery import app as celery_app

__all__ = ["celery_app"]
