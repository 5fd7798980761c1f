"""The health of the sync over HTTP: as JSON, and as Prometheus metrics."""

from __future__ import annotations

from django.db import Error as AnyDatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from catalog_sync import conf
from catalog_sync.operations import health


@never_cache
@require_safe
def show_health(request: HttpRequest) -> HttpResponse:
    """Return the health of the sync as JSON, with status 503 if it is stale; for staff, or with the token."""
    try:
        # A session's user is in the database, too.
        if refusal := _refusal(request):
            return refusal
        current = health.read()
    except AnyDatabaseError:
        # The error itself may contain the name of the database host.
        return JsonResponse({"status": "error", "reason": "The LMS's database does not respond."}, status=503)
    return JsonResponse(current, status=503 if current["status"] == health.STALE else 200)


@never_cache
@require_safe
def show_metrics(request: HttpRequest) -> HttpResponse:
    """Return the health as Prometheus metrics, with status 200 even if it is stale; for staff, or with the token."""
    try:
        if refusal := _refusal(request):
            return refusal
        from catalog_sync.operations import metrics

        return HttpResponse(metrics.render(), content_type="text/plain; version=0.0.4; charset=utf-8")
    except ImportError:
        text = "prometheus_client is not installed. Install openedx-catalog-sync[metrics].\n"
        return HttpResponse(text, status=501, content_type="text/plain")
    except AnyDatabaseError:
        text = "The LMS's database does not respond.\n"
        return HttpResponse(text, status=503, content_type="text/plain")


def _refusal(request: HttpRequest) -> HttpResponse | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    expected = conf.health_token()
    # An empty setting must not match an empty token.
    if expected and scheme.lower() == "bearer" and constant_time_compare(token.strip(), expected):
        return None
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return JsonResponse(
            {"detail": "Sign in as staff, or send 'Authorization: Bearer <CATALOG_SYNC_HEALTH_TOKEN>'."},
            status=401,
            headers={"WWW-Authenticate": "Bearer"},
        )
    if not (user.is_active and user.is_staff):
        return JsonResponse({"detail": "Staff only."}, status=403)
    return None
