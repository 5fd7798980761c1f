"""A stand-in for the Catalog service (Open edX course-discovery), over real HTTP.

It answers as ``docs/references/catalog-api.rst`` says the real service does, down to headers and error pages, and can
be told over ``/control/`` to be slow, to throttle, to change between two pages, or to fail in every way that a
network or a service fails.  It imports neither Django nor ``catalog_sync``, so it cannot share their mistakes.
"""
