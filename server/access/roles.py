"""The roles: who may knock. What each may do stands in `access/permissions.py`."""

from typing import Final, Literal

Role = Literal["gateway", "volunteer", "field", "dispatcher", "coordinator", "donor", "auditor", "admin"]
ROLES: Final[tuple[Role, ...]] = (
    "gateway",
    "volunteer",
    "field",
    "dispatcher",
    "coordinator",
    "donor",
    "auditor",
    "admin",
)
