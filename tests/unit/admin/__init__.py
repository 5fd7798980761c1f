"""Django admin, page by page."""
