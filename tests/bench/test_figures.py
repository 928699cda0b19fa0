"""`make bench`: every figure of docs/performance.md, printed as it is measured. Counts are asserted, speeds are not."""

import json
import os
from typing import Any

import pytest

from tests.bench import bench_chain, bench_claims, bench_import, bench_intake, bench_map, bench_start, bench_stream


def _tell(name: str, figures: dict[str, Any]) -> None:
    print(f"\n{name}\n{json.dumps(figures, indent=1, default=str)}", flush=True)


@pytest.mark.skipif(not bench_import.HAITI.exists(), reason="the Haiti reports are not on this machine")
def test_import() -> None:
    figures = bench_import.run()
    _tell("import reports (Haiti 2010)", figures)
    assert (figures["rows"], figures["again_imported"]) == (1949, 0)


def test_start() -> None:
    _tell("starts, one web process", bench_start.run())


def test_stream() -> None:
    _tell("accepted → visible, 50 messages/s", bench_stream.run(seconds=60))


def test_claims() -> None:
    _tell("claims over HTTP, 64 clients", bench_claims.run(6000))


def test_map() -> None:
    _tell("map, a million features", bench_map.run())


def test_intake() -> None:
    figures = bench_intake.run(seconds=60)
    _tell("acknowledged messages through the generic door, beside a bare route", figures)
    assert figures["kept"] == figures["acknowledged"]
    assert figures["refused"] == 0


def test_chain() -> None:
    figures = bench_chain.run(seconds=float(os.environ.get("HAMYAR_CHAIN_S", "120")), rate=200)
    _tell("the whole chain, 200 messages/s over HTTP, a map open", figures)
    assert figures["made"]["reports"] == figures["messages"] + bench_chain.BEFORE
    assert figures["visible_s"]["report.read"]["n"] == figures["messages"]
    assert figures["holes"] == 0
