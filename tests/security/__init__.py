"""Attacks on the app. ``docs/security.rst`` lists the promises."""
