"""What the layers' SELECTs share: the properties of a feature, and the name of a place."""

_PROPS = """jsonb_build_object('layer', '{layer}', 'code', {code}, 'category', {category}, 'status', {status},
 'urgency', {urgency}, 'verification', {verification}, 'corroboration', {corroboration}, 'people', {people},
 'priority', {priority}, 'updated_at', to_char({at} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
 'accuracy_m', {accuracy}, 'place', {place})"""
PLACE = """CASE WHEN p.id IS NULL THEN NULL
  ELSE jsonb_build_object('fa', coalesce(p.name_fa, p.name_en), 'en', p.name_en) END"""
_NULL = "NULL::text"
_NAMES = (
    "code",
    "category",
    "status",
    "urgency",
    "verification",
    "corroboration",
    "people",
    "priority",
    "at",
    "accuracy",
    "place",
)


def moment(column: str) -> str:
    """A moment as ISO 8601 in UTC, the same in every session's zone."""
    return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""


def props(layer: str, **known: str) -> str:
    """The properties that all layers have, as JSON; what a layer does not know is null."""
    return _PROPS.format(layer=layer, **{name: known.get(name, _NULL) for name in _NAMES})
