"""What the supervisor asks of Kannel: whether its configuration changed, and the children that it makes now."""

from ops.localstack.layout import Layout
from ops.localstack.parts import Child
from ops.sms.parts import BOXES, kannel_children
from ops.sms.plan import plan_file

__all__ = ["BOXES", "Kannel"]


class Kannel:
    """The plan's file as it was when the children were last made."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._made_of: tuple[int, int] | None = None

    def _now(self) -> tuple[int, int] | None:
        try:
            found = plan_file(self._layout).stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino

    def changed(self) -> bool:
        """Whether the plan is another than the one the children were made of."""
        return self._now() != self._made_of

    def children(self, url: str) -> list[Child]:
        """Both boxes, not yet started; none when no Kannel is configured. `url`: our own. Raises Problem."""
        self._made_of = self._now()
        return kannel_children(self._layout, url)
