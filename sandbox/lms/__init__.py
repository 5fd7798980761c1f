"""A small LMS, shaped as edx-platform is. It is where catalog_sync is tried and tested."""

# Loading the Celery app here makes ``shared_task`` use it, as the LMS does.
from sandbox.lms.celery import app as celery_app

__all__ = ["celery_app"]
