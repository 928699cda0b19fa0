"""Alembic's way in. The address comes from `DATABASE_URL` or from the caller (`ops/migrate.py`)."""

import os
from typing import Any

from alembic import context
from geoalchemy2 import alembic_helpers
from sqlalchemy import create_engine, pool

from server.kernel.db import sqlalchemy_url
from server.models import metadata

FOREIGN_TABLES = {"spatial_ref_sys", "alembic_version"}


def include_object(obj: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:  # noqa: FBT001
    """Leave PostGIS's tables and the job library's alone."""
    if kind == "table" and (name in FOREIGN_TABLES or (name or "").startswith("procrastinate_")):
        return False
    return bool(alembic_helpers.include_object(obj, name, kind, reflected, compare_to))


def run() -> None:
    """Apply migrations over one connection, all in one transaction."""
    url = context.config.attributes.get("dsn") or os.environ["DATABASE_URL"]
    engine = create_engine(sqlalchemy_url(url), poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=metadata,
            include_object=include_object,
            process_revision_directives=alembic_helpers.writer,
            render_item=alembic_helpers.render_item,
            compare_type=True,
            transaction_per_migration=False,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
