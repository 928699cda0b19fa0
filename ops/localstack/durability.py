"""Refuses a database that may forget what it confirmed: the promise that nothing
acknowledged is ever lost.
"""

from ops.localstack.problem import Problem

SETTINGS = ("fsync", "synchronous_commit", "full_page_writes")
# remote_write and remote_apply wait for more than the local disk, which "on" already includes.
ENOUGH = {"synchronous_commit": ("on", "remote_write", "remote_apply")}


def weak_settings(values: dict[str, str]) -> dict[str, str]:
    """Return those of the three settings whose value allows a confirmed row to be lost."""
    return {name: values.get(name, "?") for name in SETTINGS if values.get(name) not in ENOUGH.get(name, ("on",))}


def read_settings(dsn: str) -> dict[str, str]:
    """Ask the server for the three settings, as the user and database of ``dsn`` see them."""
    import psycopg

    with psycopg.connect(dsn, autocommit=True, connect_timeout=10) as server:
        found = {}
        for name in SETTINGS:
            row = server.execute(f"SHOW {name}").fetchone()
            found[name] = str(row[0]) if row else "?"
        return found


def require_durable(dsn: str) -> None:
    """Raise a problem unless fsync, synchronous_commit and full_page_writes are on."""
    weak = weak_settings(read_settings(dsn))
    if weak:
        listed = ", ".join(f"{name}={value}" for name, value in weak.items())
        raise Problem(
            "postgres.not_durable",
            fa=(f"پایگاه داده می‌تواند گزارش تأییدشده را از دست بدهد ({listed}). هر سه را on کنید؛ سامانه راه نمی‌افتد."),
            en=(f"The database could lose a confirmed report ({listed}). Set all to on; the instance does not start."),
        )
