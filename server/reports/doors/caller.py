"""Who stands at a door: the token or secret path, the gateway behind it, and whether it may come in from there."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from server.access.context import Context, context
from server.access.guard import allow, unauthenticated
from server.access.principal import Principal
from server.kernel.errors import Problem
from server.messaging.beats import beat, trouble
from server.messaging.gateway_rules import address_allowed
from server.messaging.gateways import Gateway
from server.messaging.registry import Registry
from server.reports.front import Front
from server.reports.intake import Accepted, Incoming

Services = Annotated[Context, Depends(context)]


@dataclass(frozen=True, slots=True)
class Caller:
    """A gateway that may hand messages over. `id` is its token's, or the gateway's own where a path leads in: it names
    the source of its messages, so it must not depend on what this process happens to know.
    """

    id: UUID
    actor: str
    emergency_id: UUID | None
    gateway: Gateway | None = None


async def by_token(request: Request, principal: Annotated[Principal, allow("sms.receive", query_token=True)]) -> Caller:
    """Who bears a gateway's token (or an admin's). A token alone, without a row in `gateways`, is enough."""
    gateway = await registry(request).by_token(principal.id) if principal.kind == "token" else None
    if gateway is None:
        return Caller(principal.id, principal.actor, principal.emergency_id)
    admit(request, gateway)
    return Caller(principal.id, principal.actor, gateway.emergency_id or principal.emergency_id, gateway)


async def by_path(request: Request, secret: str) -> Caller:
    """Who knows a secret path. 401 when nobody has it."""
    gateway = await registry(request).by_path(secret)
    if gateway is None:
        raise unauthenticated()
    admit(request, gateway)
    return Caller(gateway.id, gateway.actor, gateway.emergency_id, gateway)


ByToken = Annotated[Caller, Depends(by_token)]


def registry(request: Request) -> Registry:
    """The gateways as this process knows them."""
    found: Registry = request.app.state.gateways
    return found


def admit(request: Request, gateway: Gateway) -> None:
    """Raises 403 for a gateway that is switched off, or that calls from where it may not."""
    if not gateway.enabled:
        raise refusal(gateway, "disabled")
    if not address_allowed(request.client.host if request.client else None, gateway.allow_from):
        raise refusal(gateway, "address")


def refusal(gateway: Gateway, why: str) -> Problem:
    """The problem for a request turned away; noted on the gateway, so that it shows and is counted.

    Nothing of it is kept: without a right address or signature it is no gateway's message but a stranger's, who could
    fill our tables with reports of floods that are none. The gateways we know come again for a day or two.
    """
    trouble(gateway.id, "in", why)
    status, en, fa = _WHY[why]
    return Problem(status, f"gateway.{why}", en, fa)


_WHY = {
    "disabled": (403, "This gateway is switched off.", "این درگاه خاموش شده است."),
    "address": (403, "This gateway may not call from this address.", "این درگاه از این نشانی پذیرفته نیست."),
    "signature": (401, "The signature is not right.", "امضای این درخواست درست نیست."),
    "timestamp": (401, "The time of the signature is no time.", "زمان امضای این درخواست شناخته نشد."),
}


def heard(caller: Caller) -> None:
    """Whatever came was the gateway's own: its heart beats."""
    if caller.gateway:
        beat(caller.gateway.id, "in")


async def keep(request: Request, caller: Caller, item: Incoming, *, unnumbered: bool = False) -> Accepted:
    """Keep a message with whatever else comes at this moment; answers when it is durable."""
    heard(caller)
    front: Front = request.app.state.front
    return await front.keep(item, actor=caller.actor, emergency=caller.emergency_id, unnumbered=unnumbered)


def with_meta(item: Incoming, **more: object) -> Incoming:
    """The message with something more beside it."""
    return item._replace(meta={**item.meta, **more})
