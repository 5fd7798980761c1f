"""Invariants of the sync, held against histories that nobody would think of."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings

# A history is many requests and transactions: slow for a property test, and that is fine.
SLOW_IS_FINE = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]


def histories(quick: int) -> settings:
    """Decorate a property test with how many histories it tries; the profile ``thorough`` tries 25 times as many."""
    thorough = settings.get_current_profile_name() == "thorough"
    return settings(
        max_examples=quick * 25 if thorough else quick,
        deadline=None,
        print_blob=True,
        # Without ``explain``, which tries a failing history hundreds of times more.
        phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
        suppress_health_check=SLOW_IS_FINE,
    )
