"""The roles: who may knock. What each may do stands in `access/permissions.py`."""

from typing import Final, Literal

Role = Literal["gateway", "volunteer", "field", "dispatcher", "coordinator", "donor", "auditor", "admin", "applicant"]
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
"""What can be given."""
APPLICANT: Final[Role] = "applicant"
"""What a volunteer's account or token is for as long as no centre has confirmed her: given to nobody, it follows from
`volunteers.vetting` at each look."""
