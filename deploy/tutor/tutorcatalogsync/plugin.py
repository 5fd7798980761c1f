"""Tutor hooks: install and configure the app, schedule the sync, and run it on request."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import click
from tutor import hooks

HERE = Path(__file__).parent

# Prefixed with CATALOG_SYNC_ for `tutor config save --set`.
DEFAULTS = {
    # What pip installs into the image: a requirement, or the URL of a wheel or of a repository.
    "PACKAGE": "openedx-catalog-sync>=1.0,<2",
    # The Catalog's address inside Tutor's network. It has priority over the site configuration, where the plugin
    # `discovery` sets the public one.
    "API_URL": "http://discovery:8000/api/v1",
    # The alternative to the LMS's Catalog integration.
    "USE_OAUTH2_CLIENT": False,
    "OAUTH2_PROVIDER_URL": "http://lms:8000/oauth2",
    "OAUTH2_KEY": "catalog-sync",
    # On Kubernetes: a cron expression in UTC, after the Catalog's own refresh.
    "RUN_CRONJOB": True,
    "SCHEDULE": "15 1-23/4 * * *",
    # For installations without another scheduler: adds a container for celery beat, since Tutor has none.
    "RUN_BEAT": False,
}

hooks.Filters.CONFIG_DEFAULTS.add_items([(f"CATALOG_SYNC_{name}", value) for name, value in DEFAULTS.items()])
hooks.Filters.CONFIG_UNIQUE.add_item(("CATALOG_SYNC_OAUTH2_SECRET", "{{ 24|random_string }}"))
hooks.Filters.ENV_PATCHES.add_items(
    [(path.name, path.read_text(encoding="utf-8")) for path in sorted((HERE / "patches").iterdir())]
)
hooks.Filters.CLI_DO_INIT_TASKS.add_item(
    ("lms", (HERE / "tasks" / "lms-init.sh").read_text(encoding="utf-8"))
)


@click.command(
    name="update-catalog-data",
    help="Update the marketing URLs of all courses from the Catalog",
    context_settings={"ignore_unknown_options": True},
    add_help_option=False,
)
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def update_catalog_data(options: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Pass all options to ``manage.py lms update_catalog_data``; ``--help`` lists them."""
    yield "lms", shlex.join(["./manage.py", "lms", "update_catalog_data", *options])


hooks.Filters.CLI_DO_COMMANDS.add_item(update_catalog_data)
