"""Promises of the sync, tested with generated histories of a Catalog and an LMS."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings

# An example is a history of many requests and transactions, so it is slow and large.
SLOW_IS_FINE = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
FEWEST = 20


def examples(thorough: int) -> settings:
    """Decorate a property test with its number of examples in the Hypothesis profile ``thorough``.

    The profile ``quick`` runs a quarter of them, but at least 20.
    """
    quick = settings.get_current_profile_name() == "quick"
    return settings(
        max_examples=min(thorough, max(FEWEST, thorough // 4)) if quick else thorough,
        # Without ``explain``, which runs a failing example hundreds of times more.
        phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
        suppress_health_check=SLOW_IS_FINE,
    )
