"""`read`: one message in, one reading out. Pure, total: any `str` gets a reading, in bounded time."""

from dataclasses import replace

from server.places.gazetteer import Gazetteer
from server.reports.reading.commands import ENGLISH_VERBS, LONE, parse_command, tail_of_fix
from server.reports.reading.corrections import read_correction
from server.reports.reading.hints import Hints
from server.reports.reading.incidents import find_incidents
from server.reports.reading.judging import is_closed, is_noise, kind_of, masks
from server.reports.reading.language import language
from server.reports.reading.lexicon import Hit
from server.reports.reading.model import CommandRead, Kind, Lang, NeedRead, Reading, Urgency, Why
from server.reports.reading.needs import find_needs, wants_thing
from server.reports.reading.own import OwnWords
from server.reports.reading.people import count_people
from server.reports.reading.places import find_place, place_called
from server.reports.reading.text import MAX_CHARS, Message, prepare, spoken
from server.reports.reading.urgency import urgency
from server.reports.reading.vulnerable import vulnerable
from server.standards.taxonomy import INCIDENTS

RULES_VERSION = "2026-11-3"

OWN_SIGN = "own."
"""Signs that begin so are coordinators' own words that were found, by group and code."""
_MAX_WHY = 200


def read(
    text: str,
    gazetteer: Gazetteer,
    *,
    own: OwnWords | None = None,
    hints: Hints | None = None,
    kind: Kind | None = None,
) -> Reading:
    """Read a message: what happened, what is needed, for how many, where, how urgent.

    `why` says which rule fired on which span of `text` (code points). `own`: what coordinators have added to the
    lexicon. `hints` rank places of one name. `kind`: what somebody knows better than the rules, who then look for
    place and people accordingly.
    """
    message = prepare(text, hints, own)
    signs: set[str] = set()
    reading = _understood(message, text, gazetteer, kind, signs)
    candidates = tuple(message.candidates) if reading.place else ()
    return replace(reading, candidates=candidates, signs=tuple(sorted(signs)))


def _understood(message: Message, text: str, gazetteer: Gazetteer, known: Kind | None, signs: set[str]) -> Reading:
    lang = language(message, text[:MAX_CHARS])
    if message.cut:
        message.why.append(Why("limit.length", MAX_CHARS, len(text)))
    command = parse_command(text, gazetteer)
    if command is not None:
        if command.command == "FIX":
            return _corrected(message, _command_lang(message, lang, command), command, tail_of_fix(text), gazetteer)
        return _commanded(message, _command_lang(message, lang, command), command, gazetteer)
    message = spoken(message, lang)
    signs.update([f"{h.group}.{h.code}.{h.part}" for h in message.hits])
    if message.own:
        for as_seen in (message, message.as_written):
            signs.update([f"{OWN_SIGN}{h.group}.{h.code}" for h in message.own.scan(as_seen.text, as_seen.tokens)])
    spans, sentences = masks(message)
    told, background = find_incidents(message, spans, sentences)
    closed = is_closed(message, told)
    needs = find_needs(message, spans, sentences, closed=closed)
    kind = known or kind_of(message, told, needs)
    if kind == "other":
        place = None if is_noise(message) else find_place(message.as_written, gazetteer, offering=False)
        if place is None:
            return Reading(lang=lang, kind=kind, why=_why(message))
        # Nothing understood, but a place named and no sign of chatter: a person should see it as a report.
        return _reported(message, Reading(lang=lang, kind="report", place=place), told, needs, spans)
    if kind == "offer":
        return _offered(message, lang, gazetteer)
    place = find_place(message.as_written, gazetteer, offering=False)
    if closed and kind == "update":
        return Reading(lang=lang, kind=kind, place=place, why=_why(message))
    if not told and not needs and kind == "report":
        told = background
    return _reported(message, Reading(lang=lang, kind=kind, place=place), told, needs, spans)


def _command_lang(message: Message, lang: Lang, command: CommandRead) -> Lang:
    """Return the language of a command: too short for small words, so by its script; in Latin letters by its verb."""
    if any("\u0600" <= t.text[0] <= "\u06ff" for t in message.tokens):
        return "fa"
    if command.command in LONE:
        # Beside the verb stands a code, which is of no language though its letters may look like one.
        return "en" if any(t.text in ENGLISH_VERBS for t in message.tokens) else "finglish"
    return "en" if lang == "other" else lang


def _offered(message: Message, lang: Lang, gazetteer: Gazetteer) -> Reading:
    for hit in message.signals("offer"):
        message.note_hit(hit)
    service = message.signals("offer_service")
    goods = [h for h in message.hits if h.group == "need" and h.part in ("items", "weak") and h.code not in _SERVICES]
    offers: list[str] = []
    if goods or message.signals("offer_goods") or not service:
        offers.append("goods")
    if service or not offers:
        offers.append("service")
    if goods and service and _goods_only(message):
        offers = ["goods"]
    return Reading(
        lang=lang,
        kind="offer",
        offers=tuple(offers),
        place=find_place(message.as_written, gazetteer, offering=True),
        why=_why(message),
    )


_SERVICES = frozenset(
    {
        "medical_care",
        "volunteers",
        "transport",
        "search_rescue",
        "psychosocial",
        "information",
        "protection",
        "machinery",
    }
)


def _goods_only(message: Message) -> bool:
    """Sending, carrying words beside goods make no service of it."""
    weak = {"نفر", "حمل", "رایگان", "ارسال"}
    return all(message.text[h.start : h.end] in weak for h in message.signals("offer_service"))


def _reported(
    message: Message,
    begun: Reading,
    told: list[Hit],
    needs: list[tuple[NeedRead, Hit]],
    spans: list[tuple[int, int]],
) -> Reading:
    """Fill a reading that has language, kind and place with what happened and what is needed."""
    kind = begun.kind
    if kind == "question":
        needs = [(n, h) for n, h in needs if h.part == "direct" or wants_thing(message, h)]
    incidents = _codes(told)
    wanted = [n for n, _ in needs if n.category != "information"]
    if kind == "question" or any(n.category == "information" for n, _ in needs):
        wanted.append(NeedRead("information"))
    _couple(incidents, wanted)
    if "missing_person" in incidents and all(n.category != "search_rescue" for n in wanted) and kind != "question":
        wanted.append(NeedRead("search_rescue"))
    for hit in told:
        message.note_hit(hit)
    for _, hit in needs:
        message.note_hit(hit)
    people, households = count_people(message)
    groups = vulnerable(message, spans)
    level = urgency(message, kind, incidents, wanted, groups)
    return replace(
        begun,
        incidents=tuple(incidents),
        needs=tuple(wanted),
        people=people,
        households=households,
        vulnerable=groups,
        urgency=level,
        why=_why(message),
    )


def _codes(hits: list[Hit]) -> list[str]:
    found = {h.code for h in hits}
    return [code for code in INCIDENTS if code in found]


def _couple(incidents: list[str], needs: list[NeedRead]) -> None:
    """Add what follows by rule: whoever is trapped is to be fetched; an injury not cared for asks for care."""
    categories = {n.category for n in needs}
    if "trapped_people" in incidents and not categories & {"search_rescue", "evacuation"}:
        needs.insert(0, NeedRead("search_rescue"))
    if "child_alone" in incidents and "protection" not in categories:
        needs.append(NeedRead("protection"))


def _commanded(message: Message, lang: Lang, command: CommandRead, gazetteer: Gazetteer) -> Reading:
    message.note(f"command.{command.command.lower()}", 0, len(message.text))
    if command.command != "NEED" or command.need is None:
        kind: Kind = "question" if command.command == "STATUS" else "update"
        level: Urgency = "normal" if command.command in ("STATUS", "FIX") else "none"
        return Reading(lang=lang, kind=kind, urgency=level, command=command, why=_why(message))
    needs = [NeedRead(command.need, command.quantity)]
    place = find_place(message, gazetteer, offering=False) if command.place else None
    if place is None and command.place:
        place = place_called(command.place, gazetteer, message.hints)
    level = urgency(message, "report", [], needs)
    return Reading(
        lang=lang,
        kind="report",
        needs=tuple(needs),
        place=place,
        vulnerable=vulnerable(message, []),
        urgency=level,
        command=command,
        why=_why(message),
    )


def _corrected(message: Message, lang: Lang, command: CommandRead, tail: str, gazetteer: Gazetteer) -> Reading:
    message.note("command.fix", 0, len(message.text))
    said = read_correction(tail, gazetteer)
    return Reading(
        lang=lang,
        kind="update",
        needs=(said.need,) if said.need else (),
        people=said.people,
        households=said.households,
        place=said.place,
        urgency="normal",
        command=command,
        why=_why(message),
    )


def _why(message: Message) -> tuple[Why, ...]:
    unique = dict.fromkeys(message.why)
    return tuple(sorted(unique, key=lambda w: (w.start, w.end, w.rule)))[:_MAX_WHY]
