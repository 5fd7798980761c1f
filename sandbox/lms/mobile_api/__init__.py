"""The Mobile enrollment API, versions v0.5 to v4, as today's apps read it."""
