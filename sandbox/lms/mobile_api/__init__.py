"""The Mobile enrollment API, versions v0.5 to v4."""
