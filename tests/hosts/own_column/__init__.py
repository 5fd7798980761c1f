"""As edx-platform is since 2017: the column is there, with ``history`` and ``modified``."""
