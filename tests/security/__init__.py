"""The product, as an attacker sees it; what is promised stands in ``docs/security.rst``."""
