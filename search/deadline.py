"""Until when an answer is of use."""

import math
import time
from dataclasses import dataclass

from search.errors import DeadlineError


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment of the monotonic clock, which all processes of a machine share."""

    at: float
    """In seconds of `time.monotonic`; infinity for no deadline."""

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        """Return the moment so many seconds from now."""
        return cls(time.monotonic() + seconds)

    def remaining(self) -> float:
        """Return the seconds that are left; 0 when it has passed."""
        return max(0.0, self.at - time.monotonic())

    def check(self, stage: str) -> None:
        """Go on only while there is time.

        Args:
            stage: what is to begin, for the message.

        Raises:
            DeadlineError: the moment has passed.
        """
        if not self.remaining():
            raise DeadlineError(
                f"The time for this request was over before it could {stage}: ask again later, "
                "or for less."
            )


NEVER = Deadline(math.inf)
"""No deadline."""
