"""How often one caller may ask: a token bucket each, in memory."""

import math
import time
from collections.abc import Callable
from threading import Lock

from search.errors import RateLimitError

FORGET_ABOVE = 10_000
"""Callers that are remembered before those with a full bucket are forgotten."""


class RateLimiter:
    """Token buckets, kept as the one moment at which each will be full again (GCRA)."""

    def __init__(
        self, per_minute: int, burst: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Make the buckets.

        Args:
            per_minute: tokens that flow into a bucket; 0 for no limit at all.
            burst: tokens that a full bucket holds.
            clock: seconds that never go back.
        """
        self._interval = 60 / per_minute if per_minute else 0.0
        self._burst = burst
        self._clock = clock
        self._full_at: dict[str, float] = {}
        self._lock = Lock()

    def take(self, caller: str) -> None:
        """Take a token out of a caller's bucket.

        Raises:
            RateLimitError: it is empty; says when it will not be.
        """
        if not self._interval:
            return
        now = self._clock()
        with self._lock:
            full_at = max(self._full_at.get(caller, now), now) + self._interval
            wait = full_at - now - self._burst * self._interval
            if wait <= 1e-9:
                self._full_at[caller] = full_at
                self._forget(now)
                return
        raise RateLimitError(
            f"Too many requests: {round(60 / self._interval)} a minute are allowed, and at most "
            f"{self._burst} at once. Ask again after the seconds of Retry-After.",
            retry_after=math.ceil(wait),
        )

    def _forget(self, now: float) -> None:
        if len(self._full_at) > FORGET_ABOVE:
            self._full_at = {who: at for who, at in self._full_at.items() if at > now}
