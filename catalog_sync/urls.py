"""The app's URLs. The plugin mounts them at ``/catalog_sync/``."""

from __future__ import annotations

from django.urls import path

from catalog_sync.views import show_health, show_metrics

app_name = "catalog_sync"
urlpatterns = [
    path("health/", show_health, name="health"),
    path("metrics/", show_metrics, name="metrics"),
]
