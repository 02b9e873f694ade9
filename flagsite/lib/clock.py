"""What time it is: the one clock of the server, which tests may stop and set."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the current moment, aware, in UTC."""
    return datetime.now(UTC)


def epoch() -> float:
    """Return the current moment in seconds since 1970-01-01T00:00Z."""
    return now().timestamp()
