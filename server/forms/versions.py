"""Versions of forms as the rest asks for them: what a version ties, declares and wants, remembered a process."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from field_forms.bindings import Bindings
from field_forms.entities import Declaration, Spec
from server.forms import queries
from server.kernel.db import Conn

REMEMBERED: Final = 256
_remembered: dict[UUID, "Version"] = {}
_EFFECTS: Final = ("movement", "item", "centre.to", "closure", "shelter", "checkin", "followup", "task", "entity")


@dataclass(frozen=True, slots=True)
class Version:
    """One version: `uploads` are paths of questions answered by a file, `entities` what its model declares.

    `settles`: its submissions may do more than tell of needs and incidents (goods, closures, entities …).
    """

    id: UUID
    form_id: str
    version: str
    bindings: Bindings
    uploads: frozenset[str]
    entities: Spec | None
    settles: bool


async def load(conn: Conn, version_id: UUID) -> Version | None:
    """One version. What is remembered here never changes in a row that has left the draft."""
    known = _remembered.get(version_id)
    if known is not None:
        return known
    row = await queries.version_row(conn, version_id)
    if row is None:
        return None
    made = _version(row)
    if row["state"] != "draft":
        if len(_remembered) >= REMEMBERED:
            _remembered.clear()
        _remembered[version_id] = made
    return made


async def load_all(conn: Conn, version_ids: Sequence[UUID]) -> dict[UUID, Version]:
    """Several versions, by id."""
    return {one.id: one for version_id in set(version_ids) if (one := await load(conn, version_id))}


def _version(row: Any) -> Version:
    bindings = Bindings.from_json(row["bindings"])
    entities = spec_from(row["entities"]) if row["entities"] else None
    tied = any(q.role and q.role.split(".")[0] in {e.split(".")[0] for e in _EFFECTS} for q in bindings.questions)
    return Version(
        id=row["id"],
        form_id=row["form_id"],
        version=row["version"],
        bindings=bindings,
        uploads=frozenset(row["uploads"]),
        entities=entities,
        settles=tied or bool(entities and entities.declarations),
    )


def spec_json(spec: Spec) -> dict[str, Any] | None:
    """What a form declares of entities, as it is stored beside it; None when that is nothing."""
    if not spec.declarations:
        return None
    return {
        "version": spec.version,
        "declarations": [
            {
                "dataset": d.dataset,
                "around": d.around,
                "creates": d.creates,
                "updates": d.updates,
                "properties": dict(d.properties),
            }
            for d in spec.declarations
        ],
    }


def spec_from(stored: dict[str, Any]) -> Spec:
    """What `spec_json` wrote."""
    return Spec(stored["version"], tuple(Declaration(**d) for d in stored["declarations"]))
