"""What the workers of forms leave behind, counted where it is kept, for `/metrics` of any web process.

A worker answers no request, and a count of its own would start anew with it; these rows are never deleted.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from server.forms import picture_queries
from server.kernel.db import Database


class Kept(Collector):
    """The counts as last asked for."""

    def __init__(self) -> None:
        self.refused: Mapping[str, int] = {}
        self.waiting: Mapping[str, int] = {}

    def collect(self) -> Iterator[Metric]:
        """As Prometheus asks."""
        refused = CounterMetricFamily(
            "forms_pictures_refused", "Files of submissions that are not handed on", labels=["reason"]
        )
        for reason, count in self.refused.items():
            refused.add_metric([reason], count)
        yield refused
        waiting = GaugeMetricFamily("forms_waiting", "What of submissions waits, and for what", labels=["what"])
        for what, count in self.waiting.items():
            waiting.add_metric([what], count)
        yield waiting


_KEPT: Final = Kept()
REGISTRY.register(_KEPT)


async def count(db: Database) -> None:
    """Ask the database: files refused by reason; submissions that wait for files or a key, files for a look."""
    async with db.tx() as conn:
        _KEPT.refused = await picture_queries.refused_by_reason(conn)
        _KEPT.waiting = await picture_queries.waiting(conn)
