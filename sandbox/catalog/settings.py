"""The settings of the stand-in, which ``/control/settings`` changes."""

import msgspec


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``page_seconds`` and ``run_seconds`` are the real service's time per list request and per course run in it.

    ``skipped_run_seconds`` is the time per course run before the page. ``cached_page_seconds`` and
    ``cached_run_seconds`` are for replies from the cache, ``courses_seconds`` and ``course_seconds`` for the list of
    courses. With ``irregular``, the seed of a random sequence, the time of a page varies, and two pages in a hundred
    take ``stall_seconds`` more.
    """

    latency: bool = False
    workers: int = 2
    page_seconds: float = 0.090
    run_seconds: float = 0.0037
    skipped_run_seconds: float = 0.00008
    cached_page_seconds: float = 0.009
    cached_run_seconds: float = 0.0000147
    courses_seconds: float = 0.019
    course_seconds: float = 0.055
    irregular: int | None = None
    stall_seconds: float = 5
    cache: bool = True
    throttle_per_hour: int | None = None
    token_seconds: float = 3600
    count_delta: int = 0

    def changed(self, changes: dict[str, object]) -> "Settings":
        """Return these settings with changes. Raises msgspec.ValidationError for an unknown name or a wrong type."""
        return msgspec.convert(msgspec.structs.asdict(self) | changes, Settings)
