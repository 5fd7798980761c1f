"""The URLs of Studio: no page about a course."""

from edx_django_utils.plugins import get_plugin_url_patterns

urlpatterns = [*get_plugin_url_patterns("cms.djangoapp")]
