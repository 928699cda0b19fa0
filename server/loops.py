"""What the workers do, and what follows from what, over every slice. No router, no web framework is loaded for it."""

from collections.abc import Awaitable, Callable, Sequence

from server.access.context import Context
from server.dispatch import by_sms, counting, offering, shortfalls, sweep, texted_signs
from server.dispatch.making import tasks_for_needs
from server.forms import answering as form_answering
from server.forms import entities, opening, pictures, settling
from server.kernel.sealer import Projection, Sealer
from server.maps.projection import project
from server.messaging import kannel_pulse, pulse, sending
from server.reports import answering, chain, check_keeping, draining, form_answers, inbox, looking, rumours, watching
from server.reports.hearing import OnHeard
from server.volunteers import silence

PROJECTIONS: Sequence[Projection] = (
    project,
    looking.project,
    inbox.project,
    check_keeping.project,
    counting.project,
)
"""What is brought up to date in each sealing transaction."""

# A need's task stands above the chain and the records' edits in the tiers, so it is handed down from here.
ON_NEEDS = (tasks_for_needs,)
ON_HEARD: Sequence[OnHeard] = (
    rumours.hear,
    watching.watch,
    inbox.queue,
    answering.answer,
    by_sms.answer,
    texted_signs.note,
)
"""What follows from a batch of reports once it is read and woven, in its transaction."""

# What reads a form stands above the reports as well; whoever loads this, worker or web, may ask it.
form_answers.hand_down(form_answering.load)

Loop = Callable[[Context], Awaitable[None]]


async def _seal(ctx: Context) -> None:
    await Sealer(ctx.db, ctx.redis, PROJECTIONS).run()


async def _chain(ctx: Context) -> None:
    await chain.run(ctx, on_needs=ON_NEEDS, on_heard=ON_HEARD)


async def _forms(ctx: Context) -> None:
    await settling.run(ctx, on_needs=ON_NEEDS, on_entities=entities.apply_changes)


LOOPS: Sequence[tuple[str, Loop]] = (
    ("sealer", _seal),
    ("chain", _chain),
    ("leases", sweep.run),
    ("offers", offering.run),
    ("silence", silence.run),
    ("pulse", pulse.run),
    ("kannel", kannel_pulse.run),
    ("spool", draining.run),
    ("outbox", sending.run),
    ("watches", watching.run),
    ("checks", check_keeping.run),
    ("forms", _forms),
    ("opening", opening.run),
    ("pictures", pictures.run),
    ("shortfalls", shortfalls.run),
)
"""The worker's loops, by name."""
