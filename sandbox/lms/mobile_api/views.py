"""A learner's enrollments in five versions. Each version is a class with its differences from the one before."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404
from edx_rest_framework_extensions.auth.jwt.authentication import JwtAuthentication
from edx_rest_framework_extensions.paginators import DefaultPagination
from rest_framework.authentication import BasicAuthentication, SessionAuthentication
from rest_framework.generics import ListAPIView
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.renderers import BrowsableAPIRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from sandbox.lms.mobile_api.enrollments import STATUS_FILTERS, Enrollment, as_rows, visible_enrollments
from sandbox.lms.mobile_api.renderers import FastJSONRenderer
from sandbox.lms.mobile_api.serializers import EnrollmentSerializer, EnrollmentV05Serializer
from sandbox.lms.student.models import CourseEnrollment


class OwnList(BasePermission):
    """Learners may read their own list. Other lists are 404, whether the user exists or not."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if request.user.get_username().lower() != view.kwargs["username"].lower():
            raise Http404
        return True


class FivePerPage(DefaultPagination):
    """The pages of v4, for the home screen of an app."""

    page_size = 5
    max_page_size = 50


class EnrollmentsV1(ListAPIView):
    """A bare list."""

    authentication_classes = [JwtAuthentication, SessionAuthentication, BasicAuthentication]
    permission_classes = [IsAuthenticated, OwnList]
    renderer_classes = [FastJSONRenderer, BrowsableAPIRenderer]
    pagination_class = None
    serializer_class = EnrollmentSerializer

    def get_queryset(self) -> QuerySet[CourseEnrollment]:
        return as_rows(visible_enrollments(self.request.user, org=self.request.query_params.get("org")))


class EnrollmentsV05(EnrollmentsV1):
    """Like v1, without ``course_modes`` and ``audit_access_expires``."""

    serializer_class = EnrollmentV05Serializer


class EnrollmentsV2(EnrollmentsV1):
    """The list in an object, with data of the site and of the user."""

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        enrollments = super().list(request, *args, **kwargs).data
        return Response({"configs": {}, "user_timezone": settings.TIME_ZONE, "enrollments": enrollments})


class EnrollmentsV3(EnrollmentsV2):
    """Like v2, in pages."""

    pagination_class = DefaultPagination


class EnrollmentsV4(EnrollmentsV3):
    """Like v3, but without ``status`` the newest enrollment is ``primary`` and not in the list."""

    pagination_class = FivePerPage

    @cached_property
    def _status_filter(self) -> Any:
        return STATUS_FILTERS.get(self.request.query_params.get("status"))

    @cached_property
    def _primary(self) -> tuple[Any, ...] | None:
        return self.get_queryset().first()

    def filter_queryset(self, queryset: QuerySet[CourseEnrollment]) -> QuerySet[CourseEnrollment]:
        if self._status_filter:
            return self._status_filter(queryset)
        return queryset.exclude(pk=Enrollment.of(self._primary).id) if self._primary else queryset

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = super().list(request, *args, **kwargs)
        if not self._status_filter:
            response.data["primary"] = self._primary and self.get_serializer(self._primary).data
        return response
