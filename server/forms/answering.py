"""What a form report says, by the version that was filled in: asked by the chain, by corrections, by the report's page.

Nothing is remembered of the answers: they are sealed in the report's body, and are read again wherever they are needed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final
from uuid import UUID

from field_forms.mapping import FormReport, to_report
from field_forms.openrosa import InstanceRefused, parse_instance
from server.forms import effect_queries, versions
from server.forms.versions import Version
from server.kernel.db import Conn
from server.reports.form_answers import SILENT, FormSays

DRAFT: Final = "form_draft"
SEALED: Final = "form_encrypted"
_TAKEN: Final = ("incidents", "people", "households", "vulnerable", "urgency", "lat", "lon", "accuracy_m", "place_name")


@dataclass(frozen=True, slots=True)
class Says:
    """Reads the form of one report. `silent`: nothing may be made of it, whatever it says."""

    version: Version | None
    silent: bool = False

    def answers(self, xml: bytes) -> Mapping[str, Any] | None:
        """As `FormSays.answers`."""
        if self.silent:
            return SILENT
        report = self.report(xml, summary=False)
        if report is None:
            return None
        found = {name: getattr(report, name) for name in _TAKEN}
        return found | {
            "needs": [{"category": n.category, "quantity": n.quantity, "unit": n.unit} for n in report.needs],
            "notes": report.notes,
            "consent": report.consent,
        }

    def shown(self, xml: bytes) -> Mapping[str, Any] | None:
        """As `FormSays.shown`: drafts too, since a person asks."""
        report = self.report(xml)
        return asdict(report) if report else None

    def report(self, xml: bytes, *, summary: bool = True) -> FormReport | None:
        """The whole of what the form says; None for what is no form, or one that nobody here knows."""
        if self.version is None:
            return None
        try:
            return to_report(parse_instance(xml), self.version.bindings, summary=summary)
        except InstanceRefused:
            return None


async def load(conn: Conn, rows: Sequence[Mapping[str, Any]]) -> dict[UUID, FormSays]:
    """What reads the form of each of these rows of `reports` (id, flags); those of no submission are left out."""
    found = await effect_queries.submissions_of(conn, [row["id"] for row in rows])
    known = await versions.load_all(conn, [s["version_id"] for s in found if s["version_id"]])
    says: dict[UUID, FormSays] = {
        row["id"]: Says(None, silent=True) for row in rows if {DRAFT, SEALED} & set(row.get("flags") or ())
    }
    for submission in found:
        for report_id in (submission["report_id"], submission["opened_report_id"]):
            if report_id is not None:
                # Of an encrypted one the clear report speaks; its manifest is an envelope.
                envelope = submission["encrypted"] and report_id == submission["report_id"]
                mute = envelope or submission["draft"] or submission["replaced"]
                says[report_id] = Says(known.get(submission["version_id"]), silent=mute)
    return says
