"""The URLs of Studio, which has no about page."""

from edx_django_utils.plugins import get_plugin_url_patterns

urlpatterns = [*get_plugin_url_patterns("cms.djangoapp")]
