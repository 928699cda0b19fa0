"""Time: the database's is the truth; this clock serves processes and can be held still in tests."""

from datetime import UTC, datetime


def now() -> datetime:
    """The process's UTC time. For records and leases ask the database instead (`clock_timestamp()`)."""
    return datetime.now(UTC)
