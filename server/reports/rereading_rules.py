"""How two readings of one report differ, in codes: the same text for all that differ alike. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from server.reports.amending_rules import labels

PARTS_MOST: Final = 12
"""A difference names so many changes at most; whoever differs in more is looked at one by one anyway."""


def difference(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> str:
    """What changes between two readings, in a fixed order; empty when nothing that matters does.

    `kind:other>report`, `+need:heating`, `-incident:flooding`, `quantity:water`, `urgency:normal>life`, `people`,
    `households`, `place`, `+place`, `-place`, `+vulnerable:child`, parted by blanks.
    """
    one, other = labels(before), labels(after)
    parts = []
    if one["kind"] != other["kind"]:
        parts.append(f"kind:{one['kind']}>{other['kind']}")
    needs = [{n["category"]: (n.get("quantity"), n.get("unit")) for n in r["needs"]} for r in (one, other)]
    parts += _sets("need", set(needs[0]), set(needs[1]))
    parts += [f"quantity:{c}" for c in sorted(needs[0].keys() & needs[1].keys()) if needs[0][c] != needs[1][c]]
    parts += _sets("incident", set(one["incidents"]), set(other["incidents"]))
    parts += _sets("vulnerable", set(one["vulnerable"]), set(other["vulnerable"]))
    if one["urgency"] != other["urgency"]:
        parts.append(f"urgency:{one['urgency']}>{other['urgency']}")
    parts += [name for name in ("people", "households") if one[name] != other[name]]
    parts += _place(one["place"], other["place"])
    return " ".join(parts[:PARTS_MOST])


def _sets(name: str, one: set[str], other: set[str]) -> list[str]:
    return [f"+{name}:{c}" for c in sorted(other - one)] + [f"-{name}:{c}" for c in sorted(one - other)]


def _place(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> list[str]:
    """A place that is named, no longer named, or another one; its name alone and its spelling do not matter."""
    if one is None or other is None:
        return [] if one == other else ["-place" if other is None else "+place"]
    keys = ("lat", "lon", "accuracy_m")
    return [] if all(one.get(k) == other.get(k) for k in keys) else ["place"]
