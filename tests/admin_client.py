"""A client for tests of the Django admin, and the form data of a configuration."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

CONFIGURATION = {
    "enabled": "on",
    "page_size": "500",
    "concurrency": "2",
    "request_timeout_seconds": "30",
    "retry_deadline_seconds": "300",
    "max_removal_percent": "10",
    "bypass_cache_hours": "24",
    "keep_runs_days": "90",
}


def client_of(*codenames: str, **options: Any) -> Client:
    """Return a client that is signed in as a staff user with only these permissions."""
    user = get_user_model().objects.create_user("staff", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client(**options)
    client.force_login(user)
    return client
