"""The gateway's row in the database, kept in line with the plan."""

from dataclasses import replace
from uuid import UUID

from ops.sms.plan import Plan
from ops.sms.setting import gateway_settings
from server.access.context import Context
from server.messaging import gateways
from server.messaging.gateways import Gateway, NewGateway

ACTOR = "cli"


async def put_row(ctx: Context, plan: Plan, name: str, emergency_id: UUID | None = None) -> Plan:
    """Make the gateway or bring it up to date; the plan with the gateway's id and, when it is new, its token."""
    settings, secrets = gateway_settings(plan, ctx.settings.port)
    async with ctx.db.tx() as conn:
        found = _known(await gateways.all_gateways(conn, ctx), plan.gateway)
        if found is not None:
            changes = {"settings": {**found.settings, **settings}, "secrets": secrets}
            await gateways.change(conn, ctx, found.id, found.version, changes, actor=ACTOR)
            return plan
        new = NewGateway(
            kind="kannel", name=name, emergency_id=emergency_id, settings=settings, secrets=secrets, sends=True
        )
        row, made = await gateways.create(conn, ctx, new, actor=ACTOR)
        return replace(plan, gateway=str(row.id), token=made.secret if made else "")


def _known(rows: list[Gateway], wanted: str) -> Gateway | None:
    return next((row for row in rows if str(row.id) == wanted), None)
