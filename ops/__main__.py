"""``python -m ops`` is ``hamyar``."""

from ops.cli import main

main()
