"""A stand-in for the Catalog service (Open edX course-discovery), over real HTTP.

It replies like the real service (``docs/references/catalog-api.rst``), including headers and error pages. Over
``/control/`` a test makes it slow, limits its rate, changes its data between two pages, or lets it fail in every way
that a network or a service can fail. It imports neither Django nor ``catalog_sync``, so it cannot share their faults.
"""
