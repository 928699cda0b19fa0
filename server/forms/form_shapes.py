"""Versions of forms as the API shows them. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from server.forms.form_queries import COUNTED

Row = Mapping[str, Any]


def listed(row: Row, counts: Mapping[str, int]) -> dict[str, Any]:
    """A version in a list; `submissions` is of the whole form, and at most `COUNTED` (then `submissions_more`)."""
    number = counts.get(row["form_id"], 0)
    return {
        "id": str(row["id"]),
        "form_id": row["form_id"],
        "version": row["version"],
        "title": row["title"],
        "state": row["state"],
        "kind": row["kind"],
        "file_type": row["file_type"],
        "encrypted": row["encrypted"],
        "published": [
            {"emergency": place["emergency"], "centre": place["centre"], "at": place["at"]}
            for place in row["published"]
        ],
        "files": row["files"],
        "media": row["media"],
        "warnings": row["warnings"],
        "datasets": datasets(row["entities"]),
        "submissions": number,
        "submissions_more": number >= COUNTED,
        "last_submission": row["last_submission"].isoformat() if row["last_submission"] else None,
        "created_at": row["created_at"].isoformat(),
    }


def whole(row: Row, media: Sequence[Row], absent: Sequence[str]) -> dict[str, Any]:
    """One version with its questions; `role` is None for those that make nothing."""
    questions = row["bindings"]["questions"]
    return {
        "id": str(row["id"]),
        "form_id": row["form_id"],
        "version": row["version"],
        "title": row["title"],
        "state": row["state"],
        "kind": row["kind"],
        "file_type": row["file_type"],
        "encrypted": row["public_key"] is not None,
        "languages": row["bindings"]["languages"],
        "questions": [
            {"path": q["path"], "kind": q["kind"], "label": q["label"], "role": role_of(q), "repeat": q["repeat"]}
            for q in questions
        ],
        "tied": sum(1 for q in questions if q["role"]),
        "files": [_file(name, media, absent) for name in row["files"]],
        "missing_files": list(absent),
        "datasets": datasets(row["entities"]),
        "warnings": row["warnings"],
        "created_at": row["created_at"].isoformat(),
    }


def role_of(question: Row) -> str | None:
    """A question's cell of the `hamyar` column, as it was written."""
    return " ".join([question["role"], *question["args"]]) if question["role"] else None


def _file(name: str, media: Sequence[Row], absent: Sequence[str]) -> dict[str, Any]:
    own = next((one for one in media if one["name"] == name), None)
    state = "own" if own else "absent" if name in absent else "server"
    return {"name": name, "state": state, "size": own["size"] if own else None}


def datasets(entities: Row | None) -> list[str]:
    """Names of the lists of entities that a version makes or changes."""
    return sorted({d["dataset"] for d in entities["declarations"]}) if entities else []
