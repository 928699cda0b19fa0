"""The layers of the live map, in drawing order: the one list that server, page and legend share."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of the map.

    `code` names it in the API and in the URL, `label` is an English msgid, `shape` is the outline of its
    marks (so that
    colour is never the only difference), `clustered` says whether near marks join, `default` whether it
    starts switched
    on, and `restricted` whether only coordinators and dispatchers may ask for it.
    """

    code: str
    label: str
    shape: str
    clustered: bool = True
    default: bool = True
    restricted: bool = False


LAYERS: tuple[Layer, ...] = (
    Layer("needs", "Needs", "drop"),
    Layer("incidents", "Incidents", "triangle"),
    Layer("tasks", "Tasks", "square", default=False),
    Layer("closures", "Closed roads", "octagon", clustered=False),
    Layer("centres", "Centres", "house", clustered=False),
    Layer("movements", "Supplies on the road", "pill", clustered=False),
    Layer("volunteers", "Volunteers", "circle", default=False, restricted=True),
    Layer("reports", "Raw reports", "speech", default=False, restricted=True),
)

BY_CODE: Mapping[str, Layer] = MappingProxyType({layer.code: layer for layer in LAYERS})


def layers_for(*, restricted: bool) -> list[dict[str, object]]:
    """The layers a person may switch on, as plain JSON-ready objects; `restricted` admits the coordinators'
    ones.
    """
    return [asdict(layer) for layer in LAYERS if restricted or not layer.restricted]
