"""What a check of the user's data says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DataWarning:
    """Something about a sweep or a volume that is probably wrong, although it can be used as it is.

    Attributes:
        what: What was found, with its figure.
        likely_cause: What most often causes it.
        remedy: What to look at or to change.
    """

    what: str
    likely_cause: str
    remedy: str

    def __str__(self) -> str:
        """One line."""
        return " ".join(f"{self.what}; likely cause: {self.likely_cause}; {self.remedy}".split())
