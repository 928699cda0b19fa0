"""What is done once before an instance's processes start: the migrations, then what `ops.prepare` makes."""

import os

MIGRATE = ["-c", "import os; from ops.migrate import upgrade; upgrade(os.environ['DATABASE_URL'])"]
PREPARE = ["-m", "ops.prepare"]
"""The same as arguments of `python`, for a container."""


def migrate() -> None:
    """Bring the database of the environment up to the newest migration."""
    from ops.migrate import upgrade

    upgrade(os.environ["DATABASE_URL"])


def prepare() -> None:
    """Make keys, gazetteer and built-in forms, or find them."""
    from ops.prepare import main

    main()
