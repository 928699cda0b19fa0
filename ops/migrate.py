"""Migrations from code: the same for `hamyar up`, the tests and a container."""

from pathlib import Path

from alembic import command
from alembic.config import Config


def config(dsn: str) -> Config:
    """Alembic's configuration for one database (libpq URL)."""
    cfg = Config()
    cfg.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    cfg.attributes["dsn"] = dsn
    return cfg


def upgrade(dsn: str, revision: str = "head") -> None:
    """Bring the database up to `revision`."""
    command.upgrade(config(dsn), revision)


def downgrade(dsn: str, revision: str = "base") -> None:
    """Take the database down to `revision`."""
    command.downgrade(config(dsn), revision)
