"""Every table of every slice, for migrations and for whoever needs the whole metadata."""

from server.access import models as access
from server.closures import models as closures
from server.dispatch import load_models as loads
from server.dispatch import models as dispatch
from server.drawings import models as drawings
from server.emergencies import models as emergencies
from server.forms import entity_models as entities
from server.forms import models as forms
from server.forms import shelter_models as shelters
from server.hazards import models as hazards
from server.incidents import models as incidents
from server.kernel import models as kernel
from server.kernel.base import Base
from server.maps import history_models as map_history
from server.maps import models as maps
from server.messaging import models as messaging
from server.needs import models as needs
from server.places import models as places
from server.reports import asking_models as proposals
from server.reports import checking_models as checking
from server.reports import inbox_models as looks
from server.reports import models as reports
from server.reports import reading_models as readings
from server.supplies import models as supplies
from server.volunteers import models as volunteers

TABLES = (
    access,
    checking,
    closures,
    dispatch,
    drawings,
    emergencies,
    entities,
    forms,
    hazards,
    incidents,
    kernel,
    loads,
    looks,
    map_history,
    maps,
    messaging,
    needs,
    places,
    proposals,
    readings,
    reports,
    shelters,
    supplies,
    volunteers,
)
metadata = Base.metadata
