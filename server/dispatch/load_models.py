"""What the counts of queues are kept by."""

import uuid

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from server.kernel.base import Base


class TaskLoad(Base):
    """An open task as it stands in `queue_loads` at the moment: what is taken out of the counts when it moves on."""

    __tablename__ = "task_loads"
    task_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True)
    queue_id: Mapped[uuid.UUID]
    state: Mapped[str]
    life: Mapped[int]
    flagged: Mapped[int]
