"""A course overview that gets the column from the mixin; with ``modified``, without ``history``."""
