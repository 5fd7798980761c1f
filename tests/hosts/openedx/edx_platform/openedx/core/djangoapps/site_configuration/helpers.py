"""Values of the current request's site."""

from crum import get_current_request
from openedx.core.djangoapps.site_configuration.models import SiteConfiguration


def get_value(name, default=None):
    """Return the value of the current request's site; without a request, the default."""
    request = get_current_request()
    if request is None:
        return default
    try:
        configuration = request.site.configuration
    except SiteConfiguration.DoesNotExist:
        return default
    return configuration.site_values.get(name, default) if configuration.enabled else default
