"""One instance with a small world in it, shared by the files that look at pages."""

from tests.support.running import running, world

__all__ = ["running", "world"]
