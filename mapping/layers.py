"""The layers of the live map, in the order of bar and legend: the one list that server, page and legend share."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of the map.

    `code` names it in the API and in the URL, `label` is an English msgid, `shape` is the outline of its marks (so that
    colour is never the only difference), `group` where it stands in the bar (`missing`: what is lacking, `going`: who
    and what goes, `places`: places and dangers), `clustered` says whether near marks join, `default` whether it starts
    switched on, and `restricted` whether only coordinators and dispatchers may ask for it.
    """

    code: str
    label: str
    shape: str
    group: str
    clustered: bool = True
    default: bool = True
    restricted: bool = False


LAYERS: tuple[Layer, ...] = (
    Layer("gaps", "Unserved needs", "hollow", "missing", default=False),
    Layer("needs", "Needs", "drop", "missing"),
    Layer("incidents", "Incidents", "triangle", "missing"),
    Layer("reports", "Raw reports", "speech", "missing", default=False, restricted=True),
    Layer("tasks", "Tasks", "square", "going", default=False),
    Layer("movements", "Supplies on the road", "pill", "going", clustered=False),
    Layer("teams", "Teams", "hexagon", "going", clustered=False, default=False, restricted=True),
    Layer("volunteers", "Volunteers", "circle", "going", default=False, restricted=True),
    Layer("hazards", "Hazard areas", "diamond", "places", clustered=False),
    Layer("closures", "Closed roads", "octagon", "places", clustered=False),
    Layer("shelters", "Shelters", "dome", "places", clustered=False),
    Layer("centres", "Centres", "house", "places", clustered=False),
)

BY_CODE: Mapping[str, Layer] = MappingProxyType({layer.code: layer for layer in LAYERS})


def layers_for(*, restricted: bool) -> list[dict[str, object]]:
    """The layers a person may switch on, as plain JSON-ready objects; `restricted` admits the coordinators' ones."""
    return [asdict(layer) for layer in LAYERS if restricted or not layer.restricted]
