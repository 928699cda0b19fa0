"""What the web application is made of: every slice's routers, and what runs beside them. The other half: `loops`."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from server.access.doors import Doors
from server.access.routes import router as access
from server.closures.routes import router as closures
from server.dispatch.routes import router as dispatch
from server.dispatch.team_routes import router as dispatch_teams
from server.drawings.routes import router as drawings
from server.emergencies.routes import router as emergencies
from server.exports.form_export_routes import router as form_exports
from server.forms import counting as forms_counting
from server.forms.effect_routes import router as form_effects
from server.forms.entity_routes import router as entities
from server.forms.file_routes import router as submitted_files
from server.forms.form_routes import router as forms
from server.forms.key_routes import router as form_keys
from server.forms.phone_routes import router as phones
from server.forms.shelter_routes import router as shelters
from server.forms.submission_routes import router as submissions
from server.forms.submitting_front import SubmittingFront
from server.forms.team_routes import router as teams
from server.hazards.routes import router as hazards
from server.incidents.routes import router as incidents
from server.kernel.tasks import end
from server.live import hub
from server.live.audit import router as audit
from server.live.presence_routes import router as presence
from server.live.routes import router as live
from server.loops import ON_NEEDS
from server.maps.basemap_routes import router as basemaps
from server.maps.finding_routes import router as map_finding
from server.maps.history_routes import router as map_history
from server.maps.routes import router as maps
from server.messaging import registry
from server.messaging.again_routes import router as again
from server.messaging.alarm_routes import router as alarms
from server.messaging.duty_routes import router as duties
from server.messaging.gateway_routes import router as gateways
from server.messaging.message_routes import router as messages
from server.needs.routes import router as needs
from server.pages.routes import router as pages
from server.places.routes import router as places
from server.reports.amending_routes import router as amending
from server.reports.asking_routes import router as join_proposals
from server.reports.check_routes import router as checks
from server.reports.doors.android import router as android
from server.reports.doors.entrances import router as entrances
from server.reports.doors.twilio import router as twilio
from server.reports.front import Front
from server.reports.hotline_routes import router as hotline
from server.reports.inbox_routes import router as inbox_queue
from server.reports.lexicon_routes import router as words
from server.reports.note_routes import router as notes
from server.reports.record_routes import router as records
from server.reports.rereading_routes import router as rereads
from server.reports.routes import router as reports
from server.reports.sheltering import Shelter
from server.reports.sms_routes import router as sms
from server.reports.spool_routes import router as spool
from server.supplies.routes import router as supplies
from server.volunteers.import_routes import router as volunteer_lists
from server.volunteers.own_routes import router as own_duty
from server.volunteers.register_routes import router as registration
from server.volunteers.routes import router as volunteers
from server.volunteers.shift_routes import router as shifts

ROUTERS: Sequence[APIRouter] = (
    access,
    emergencies,
    places,
    reports,
    amending,
    words,
    rereads,
    records,
    join_proposals,
    checks,
    inbox_queue,
    hotline,
    sms,
    spool,
    android,
    twilio,
    entrances,
    form_exports,
    forms,
    teams,
    entities,
    form_effects,
    shelters,
    phones,
    submissions,
    submitted_files,
    form_keys,
    incidents,
    needs,
    closures,
    hazards,
    drawings,
    own_duty,
    registration,
    volunteer_lists,
    volunteers,
    shifts,
    supplies,
    dispatch,
    dispatch_teams,
    gateways,
    messages,
    again,
    notes,
    alarms,
    duties,
    maps,
    basemaps,
    map_finding,
    map_history,
    live,
    presence,
    audit,
    pages,
)


@asynccontextmanager
async def background(app: FastAPI) -> AsyncIterator[None]:
    """What runs inside each web process beside the requests: the front of intake, gateways, the stream's reader."""
    app.state.on_needs = ON_NEEDS
    app.state.shelter = shelter = Shelter(app.state.context)
    app.state.front = front = Front(app.state.context, shelter)
    app.state.submissions = submitting = SubmittingFront(app.state.context)
    app.state.readiness = {"spool": shelter.state}
    app.state.counted = (forms_counting.count,)
    app.state.doors = doors = Doors(app.state.db, app.state.settings.home)
    watch = asyncio.create_task(shelter.watch(), name="shelter.watch")
    gateways_known = asyncio.create_task(doors.keep_fresh(), name="doors")
    async with registry.running(app), hub.running(app):
        yield
    await front.close()
    await submitting.close()
    await end(watch, gateways_known)
    await shelter.close()
