"""Reading: from the words of a message to incidents, needs, people, place and urgency.

    from server.places.gazetteer import default_gazetteer
    from server.reports.reading import read

    read("پلدختر، ۲۰ خانواده آب نداریم", default_gazetteer()).as_dict()

Pure functions and data files; how it works and how well: docs/reading.md.
"""

from server.reports.reading.model import CommandRead, NeedRead, PlaceRead, Reading, Why
from server.reports.reading.own import OwnEntry, OwnWords, PhraseError
from server.reports.reading.reader import OWN_SIGN, RULES_VERSION, read

__all__ = [
    "OWN_SIGN",
    "RULES_VERSION",
    "CommandRead",
    "NeedRead",
    "OwnEntry",
    "OwnWords",
    "PhraseError",
    "PlaceRead",
    "Reading",
    "Why",
    "read",
]
