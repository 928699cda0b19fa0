"""Whether the database stands at the newest migration, asked without loading Alembic and every model."""

import re
from pathlib import Path

from ops.localstack.layout import REPOSITORY

VERSIONS = REPOSITORY / "ops" / "migrations" / "versions"
REVISION = re.compile(r"^revision\b[^=]*=\s*[\"']([^\"']+)[\"']", re.MULTILINE)
DOWN_REVISION = re.compile(r"^down_revision\b[^=]*=\s*[\"']([^\"']+)[\"']", re.MULTILINE)


def heads(folder: Path = VERSIONS) -> set[str]:
    """Return the revisions that no other migration builds upon; more than one is for Alembic to judge."""
    made: set[str] = set()
    below: set[str] = set()
    for path in folder.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        made |= set(REVISION.findall(text))
        below |= set(DOWN_REVISION.findall(text))
    return made - below


def at_head(dsn: str) -> bool:
    """Whether the database has the newest migration; False when in doubt, and Alembic looks closer."""
    import psycopg

    newest = heads()
    if len(newest) != 1:
        return False
    try:
        with psycopg.connect(dsn, autocommit=True, connect_timeout=10) as server:
            known = server.execute("SELECT to_regclass('alembic_version') IS NOT NULL").fetchone()
            if known is None or not known[0]:
                return False
            return {row[0] for row in server.execute("SELECT version_num FROM alembic_version")} == newest
    except psycopg.Error:
        return False
