"""The command line. Each command lives in a module of ``ops.commands`` that registers itself
when asked to.
"""

import importlib
import importlib.util
import os
import sys

import typer

COMMANDS = ("instance", "read", "access", "imports", "drill", "bench", "verify", "forms", "map", "sms", "learn")
# These look after servers themselves and must see which addresses the operator set.
INSTANCE = {"up", "down", "status", "doctor", "demo", "run", "announce"}


def build() -> typer.Typer:
    """Return the application with every command there is."""
    app = typer.Typer(
        name="hamyar",
        help="همیار — هماهنگی کمک در سیل و زلزله. Hamyar coordinates relief in floods and earthquakes.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )

    @app.callback()
    def before(ctx: typer.Context) -> None:
        if ctx.invoked_subcommand not in INSTANCE:
            from server.kernel.logs import configure

            # What is logged goes to stderr: stdout is the answer, often one JSON document.
            configure()
            name_instance()

    for name in COMMANDS:
        if importlib.util.find_spec(f"ops.commands.{name}") is not None:
            importlib.import_module(f"ops.commands.{name}").register(app)
    return app


def name_instance() -> None:
    """Put the instance's addresses into the environment, for commands that speak to its servers."""
    from ops.localstack.layout import DEFAULT_PORT, Layout, database_url, redis_url
    from ops.localstack.state import known_drill, read_state

    layout = Layout.from_environment()
    os.environ["HAMYAR_HOME"] = str(layout.home)
    os.environ["DATABASE_URL"] = database_url(layout)[0]
    os.environ["REDIS_URL"] = redis_url(layout)[0]
    os.environ.setdefault("HAMYAR_PORT", str(read_state(layout).port or DEFAULT_PORT))
    drill = known_drill(layout)
    if drill is not None:
        os.environ["HAMYAR_DRILL"] = "1" if drill else "0"


def main() -> None:
    """Run the command line; a problem is said in Persian and English and ends with its exit code."""
    from ops.localstack import disk
    from ops.localstack.layout import home_from_environment
    from ops.localstack.problem import Problem
    from ops.localstack.talk import say_problem

    try:
        build()()
    except Problem as problem:
        say_problem(problem)
        sys.exit(problem.exit_code)
    except OSError as error:
        if not disk.is_full(error):
            raise
        say_problem(disk.full(home_from_environment()))
        sys.exit(1)


if __name__ == "__main__":
    main()
