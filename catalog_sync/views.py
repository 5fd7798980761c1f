"""What monitoring asks for over HTTP."""

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
        # Who asks is in the database, too, where a session says so.
        if refusal := _refusal(request):
            return refusal
        seen = health.look()
    except AnyDatabaseError:
        # No more than that: what the database says may name its host.
        return JsonResponse({"status": "error", "reason": "the LMS's database does not answer"}, status=503)
    return JsonResponse(seen, status=200 if seen["status"] == health.OK else 503)


def _refusal(request: HttpRequest) -> HttpResponse | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    expected = conf.health_token()
    # An empty setting is no token, and lets nobody in.
    if expected and scheme.lower() == "bearer" and constant_time_compare(token.strip(), expected):
        return None
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return JsonResponse(
            {"detail": "Staff only, or with a token: Authorization: Bearer …"},
            status=401,
            headers={"WWW-Authenticate": "Bearer"},
        )
    if not (user.is_active and user.is_staff):
        return JsonResponse({"detail": "Staff only."}, status=403)
    return None
