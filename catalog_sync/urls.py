"""URLs that an LMS mounts at ``/catalog_sync/``; as a plugin the app does so by itself."""

from __future__ import annotations

from django.urls import path

from catalog_sync.views import show_health

app_name = "catalog_sync"
urlpatterns = [path("health/", show_health, name="health")]
