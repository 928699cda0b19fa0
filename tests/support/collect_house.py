"""The server that a scripted Collect speaks to, and the coordinator who publishes there."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from fastapi import FastAPI

from server.access.context import Context
from server.access.roles import Role
from server.access.service import Bounds, create_token
from server.reports.intake import safe_key
from tests.slices.forms_kit import rows
from tests.support.collect_wire import Collect
from tests.unit.field_forms.samples import markdown_form


@dataclass
class House:
    """A server on a port, shared by all tests here; each has instances and forms of its own."""

    app: FastAPI
    url: str
    token: str
    emergency: UUID

    @property
    def ctx(self) -> Context:
        ctx: Context = self.app.state.context
        return ctx

    async def made(self, role: Role, centre: UUID | None = None) -> str:
        async with self.ctx.db.tx() as conn:
            return (await create_token(conn, role, "team", Bounds(centre, self.emergency)))[1]

    def key(self, instance: str) -> str:
        """The `source_key` of an instance: a uuid in which a telephone number might stand is hashed."""
        return safe_key(self.ctx.sealing, instance)

    async def rows(self, query: str, *values: Any) -> list[Any]:
        return await rows(self.ctx, query, *values)


@dataclass
class Desk:
    """A coordinator, who publishes."""

    line: Collect
    token: str

    async def put(self, method: str, path: str, body: bytes) -> Any:
        """A change that is taken; its answer."""
        kind = "application/json" if body[:1] == b"{" else "application/octet-stream"
        headers = [("Authorization", f"Bearer {self.token}"), ("Content-Type", kind)]
        answer = await self.line.ask(method, path, headers, body)
        assert answer.status.split()[1] in {b"200", b"201", b"204"}, answer
        return orjson.loads(answer.body or b"{}")

    async def form(self, form_id: str, version: str, label: str = "A", more: str = "", *, draft: bool = False) -> Any:
        settings = f"| settings |\n| | form_title | form_id | version |\n| | T | {form_id} | {version} |"
        extra = "media::image" if more else "hint"
        table = f"| | type | name | label | {extra} |\n| | text | a | {label} | {more} |"
        way = f"api/forms?file_type=.md{'&draft=true' if draft else ''}"
        return await self.put("POST", way, markdown_form(table, settings=settings))

    async def team(self) -> tuple[str, str]:
        """A team's user name and token."""
        told = await self.put("POST", "api/forms/phones", b'{"name": "team 3"}')
        return told["id"], told["url"].rpartition("/")[2]
