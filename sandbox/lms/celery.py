"""The Celery app of the sandbox LMS (``celery -A sandbox.lms worker``)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sandbox.lms.settings")

app = Celery("sandbox_lms")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
