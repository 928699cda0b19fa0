"""OpenRosa as phones send it: submissions, at `/openrosa/submission` and `/openrosa/{token}/submission`.

The same below `draft/` takes those of forms that are only tried. ODK Collect takes any 2xx but 204 to `HEAD submission`
for a captive portal, and any but 201 or 202 to a POST for a login failure; it shows the message of the answer's XML to
the person, whatever the status.
"""

from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import Counter
from psycopg import OperationalError
from psycopg_pool import PoolTimeout

from field_forms.openrosa import InstanceRefused
from server.access.context import Context, context
from server.access.principal import Principal
from server.forms import taking
from server.forms.receiving import Receiving, Room, refusal, said
from server.forms.replies import HEADERS, PREFIXES, spoken, xml_response
from server.forms.submitting_front import SubmittingFront
from server.forms.taking import Taken
from server.forms.ways_in import allow_phone
from server.kernel.errors import Problem
from server.kernel.grouping import away
from server.kernel.http import internal

router = APIRouter(tags=["openrosa"])
log = structlog.get_logger("submissions")
SUBMISSIONS = Counter("forms_submissions", "POSTs of phones by what became of them", ["outcome"])
FILES = Counter("forms_files_bytes", "Bytes of files that were new")
room = Room()
Ctx = Annotated[Context, Depends(context)]


async def before_submission(_who: Annotated[Principal, allow_phone("form.submit")]) -> Response:
    """`HEAD`: what Collect asks before it sends."""
    return Response(status_code=204, headers=HEADERS)


async def submission(request: Request, ctx: Ctx, who: Annotated[Principal, allow_phone("form.submit")]) -> Response:
    """`POST`: answered 201 after the commit, with the receipt."""
    return await take(request, ctx, who, draft=False)


async def draft_submission(
    request: Request, ctx: Ctx, who: Annotated[Principal, allow_phone("form.submit")]
) -> Response:
    """`POST` of a form that is only tried: kept, shown, and nothing follows from it."""
    return await take(request, ctx, who, draft=True)


async def take(request: Request, ctx: Context, who: Principal, *, draft: bool) -> Response:
    """Take a POST of somebody who may send. Never raises: whatever is wrong, the phone can show it."""
    front: SubmittingFront = request.app.state.submissions
    lang = spoken(request)
    try:
        with Receiving(request, room) as receiving:
            pending = await taking.ready(ctx, who, await receiving.sent(draft=draft))
            taken = await front.keep(pending)
    except InstanceRefused as refused:
        SUBMISSIONS.labels("refused").inc()
        return xml_response(said(refused.message_fa, refused.message_en, lang, "submit_error"), 400)
    except Problem as problem:
        return _refused(problem, lang)
    except (OperationalError, PoolTimeout, OSError):
        return _refused(away(), lang)
    except Exception as error:  # noqa: BLE001 - the phone must hear of it in a way that it can show
        log.error("submission.failed", kind=type(error).__name__)  # noqa: TRY400 - it may quote the answers
        return _refused(internal(), lang)
    SUBMISSIONS.labels(taken.outcome).inc()
    if taken.size:
        FILES.inc(taken.size)
    return xml_response(_answer(taken, lang), 201)


def _refused(problem: Problem, lang: str | None) -> Response:
    SUBMISSIONS.labels("unavailable" if problem.status >= 500 else "refused").inc()  # noqa: PLR2004 - HTTP's own line
    answer = xml_response(refusal(problem, lang), problem.status)
    answer.headers.update(problem.headers)
    return answer


def _answer(taken: Taken, lang: str | None) -> bytes:
    fa, en = f"رسید شد. کد پیگیری: {taken.receipt}", f"Received. Receipt: {taken.receipt}"
    if taken.conflict:
        fa += "\nاین فرم پیش‌تر با پاسخ‌های دیگری رسیده بود؛ هر دو نگه داشته شد."
        en += "\nThis form had come before with other answers; both are kept."
    if taken.aside:
        fa += f"\n{taken.aside} پرونده بیش از اندازهٔ یک فرم است؛ برای هماهنگ‌کننده کنار گذاشته شد."
        en += f"\n{taken.aside} files are more than a form may bring; they are set aside for the coordinator."
    return said(fa, en, lang)


for _prefix in PREFIXES:
    # `draft` first: without a token in the address it would be taken for one.
    for _below, _take in (("/draft", draft_submission), ("", submission)):
        router.add_api_route(f"{_prefix}{_below}/submission", before_submission, methods=["HEAD"])
        router.add_api_route(f"{_prefix}{_below}/submission", _take, methods=["POST"])
