"""Pinned marketing URLs in Django admin: the list of all pins, the form that pins, and the button that unpins."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from catalog_sync import api
from catalog_sync.admin.base import ReadOnlyList, linked
from catalog_sync.admin.course_link import back_to_course
from catalog_sync.admin.pin_form import PinForm
from catalog_sync.models import CatalogCourseRun, PinnedMarketingUrl
from catalog_sync.operations import course_link

PIN_PERMISSION = "catalog_sync.pin_marketing_url"


def may_pin(request: HttpRequest) -> bool:
    """Return whether the user may pin and unpin."""
    return request.user.has_perm(PIN_PERMISSION)


@admin.register(PinnedMarketingUrl)
class PinnedMarketingUrlAdmin(ReadOnlyList):
    """All pins, also those of courses that no Catalog lists."""

    list_display = ("course_key", "pinned_url", "reason", "pinned_by", "pinned_at")
    list_select_related = ("pinned_by",)
    search_fields = ("course_key", "url")
    ordering = ("course_key",)
    sortable_by = ("course_key",)

    class Media:
        css = {"all": ["catalog_sync/overview.css"]}

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_pin(request) or super().has_view_permission(request, obj)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may_pin(request) or super().has_module_permission(request)

    def get_urls(self) -> list[URLPattern]:
        return [
            self.own_url("pin/", self.pin_view, PIN_PERMISSION),
            self.own_url("<int:pk>/unpin/", self.unpin_view, PIN_PERMISSION, posted=True),
            *super().get_urls(),
        ]

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        if not may_pin(request):
            return self.list_display
        return (*self.list_display[:2], "unpin_button", *self.list_display[2:])

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        url = "url_with_button" if may_pin(request) else "pinned_url"
        return ("course_key", url, "reason", "pinned_by", "pinned_at")

    @admin.display(description=_("marketing URL"))
    def pinned_url(self, pin: PinnedMarketingUrl) -> str:
        return linked(pin.url)

    @admin.display(description=_("marketing URL"))
    def url_with_button(self, pin: PinnedMarketingUrl) -> str:
        return format_html("{} {}", self.pinned_url(pin), self.unpin_button(pin))

    @admin.display(description=_("unpin"))
    def unpin_button(self, pin: PinnedMarketingUrl) -> str:
        # Django admin has a form around the list and around the page. The button submits it.
        return format_html(
            '<button type="submit" class="button" formmethod="post" formaction="{}?next=list" aria-label="{}">{}'
            "</button>",
            reverse("admin:catalog_sync_pinnedmarketingurl_unpin", args=[pin.pk]),
            _("Unpin %(key)s") % {"key": pin.course_key},
            _("Unpin"),
        )

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return super().changelist_view(request, {**(extra_context or {}), "may_pin": may_pin(request)})

    def pin_view(self, request: HttpRequest) -> HttpResponse:
        form = PinForm(request.POST or None, initial={"course_key": request.GET.get("course_key", "")})
        if form.is_valid() and (pin := form.pin(request.user)):
            self._log(request, pin, _("Pinned %(url)s") % {"url": pin.url})
            _report_pin(request, pin)
            return back_to_course(request, pin.course_key)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Pin a marketing URL"),
            "form": form,
        }
        return TemplateResponse(request, "admin/catalog_sync/pinnedmarketingurl/pin.html", context)

    def unpin_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Remove a pin. The URL that it replaced is used again immediately, if there is one."""
        pin = get_object_or_404(PinnedMarketingUrl, pk=pk)
        if api.unpin_marketing_url(pin.course_key, request.user):
            self._log(request, pin, _("Unpinned %(url)s") % {"url": pin.url})
            link = course_link.explain(pin.course_key).link
            text = (
                _("Unpinned %(key)s. Learners now get %(link)s.")
                if link
                else _("Unpinned %(key)s. The LMS does not have this course.")
            )
            messages.success(request, text % {"key": pin.course_key, "link": link})
        return back_to_course(request, pin.course_key)

    def _log(self, request: HttpRequest, pin: PinnedMarketingUrl, message: str) -> None:
        """Add the change to the history of the course's stored course runs; if there is none, to that of the pin."""
        for row in CatalogCourseRun.objects.filter(course_key=pin.course_key) or [pin]:
            self.log_change(request, row, message)


def _report_pin(request: HttpRequest, pin: PinnedMarketingUrl) -> None:
    candidates = course_link.explain(pin.course_key).candidates
    if any(each.is_used and each.origin is course_link.Origin.SOCIAL for each in candidates):
        text = _(
            "Pinned, but learners still get the social sharing URL of the course, which is set in Studio."
        )
        messages.warning(request, text)
    else:
        text = _("Pinned. This URL overrides the Catalog until you unpin it.")
        messages.success(request, text)
