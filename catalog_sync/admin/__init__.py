"""Django admin: what operators tune, what the syncs did, and what the Catalog last said."""

from catalog_sync.admin import config, course_runs, sync_runs

__all__ = ["config", "course_runs", "sync_runs"]
