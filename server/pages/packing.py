"""Pages packed for slow links. For pages that show no secret beside what an address could put into them."""

import gzip
from typing import Final

from fastapi import Request, Response

LEAST: Final = 1_000
LEVEL: Final = 6


def packed(request: Request, answer: Response) -> Response:
    """The same answer, packed if the browser takes it so and it is worth it."""
    body = bytes(answer.body)
    answer.headers["Vary"] = "Accept-Encoding"
    if len(body) < LEAST or "gzip" not in request.headers.get("accept-encoding", ""):
        return answer
    # Without a moment in it, so that the same page is the same bytes.
    answer.body = gzip.compress(body, LEVEL, mtime=0)
    answer.headers["Content-Encoding"] = "gzip"
    answer.headers["Content-Length"] = str(len(answer.body))
    return answer
