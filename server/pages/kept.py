"""Rendered pieces of living pages, kept while what they show stays as it is: a board of a hundred cards changes by one.

A piece is known by all that it is made of, so nobody sees another's rights or language in it. Times that are told in
words («4 min ago») grow old in it for some seconds, each piece at a moment of its own.
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final

import orjson
from markupsafe import Markup

MOST: Final = 4000
"""Pieces a process: of some kilobytes each."""
FRESH_S: Final = 30
_OPTIONS: Final = orjson.OPT_NON_STR_KEYS
_pieces: "OrderedDict[bytes, Markup]" = OrderedDict()


def piece(name: str, made_of: Any, render: Callable[[], Markup]) -> Markup:
    """The piece `name` that is made of these values (what JSON holds, dates, ids, numbers), rendered if it is new."""
    told = orjson.dumps(made_of, default=str, option=_OPTIONS)
    mark = hashlib.blake2b(told, digest_size=16, person=name.encode()[:16])
    # A moment of its own, so that they do not all grow old at once.
    mark.update(str(int(time.time() + mark.digest()[0]) // FRESH_S).encode())
    key = mark.digest()
    known = _pieces.get(key)
    if known is not None:
        _pieces.move_to_end(key)
        return known
    made = _pieces[key] = render()
    if len(_pieces) > MOST:
        _pieces.popitem(last=False)
    return made
