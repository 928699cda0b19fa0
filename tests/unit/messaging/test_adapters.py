"""What each gateway is asked, and what its answers mean."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest

from server.messaging.adapters import adapter_for
from server.messaging.adapters.fake import Fake
from server.messaging.adapters.shapes import Accepted, NotSent, Outcome, Outgoing, Unknown
from server.messaging.adapters.wire import handing_over
from server.messaging.gateways import Gateway
from server.messaging.models import GATEWAY_KINDS

pytestmark = pytest.mark.unit
ID = UUID("01900000-0000-7000-8000-000000000001")
MESSAGE = Outgoing(ID, "+989121234567", "سلام {to} & 50%", report_url="https://here.test/r?id=1")
TWILIO = {"send_url": "https://api.test/", "account_sid": "AC1", "from": "+15005550006"}
GENERIC = {
    "send_url": "https://panel.test/send",
    "from": "3000",
    "number": "national",
    "params": {"To": "{to}", "Body": "{text}", "Key": "{secret.api_key}", "Ref": "{id}", "Line": "{from}"},
    "ok": '"RetStatus": ?1',
    "reference": "data.id",
}


def hand(
    kind: str, settings: Mapping[str, Any], answer: Any, message: Outgoing = MESSAGE, **secrets: str
) -> tuple[Outcome, list[httpx.Request]]:
    asked: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(answer)

    async def go() -> Outcome:
        adapter = adapter_for(Gateway(ID, kind, kind, settings=settings, secrets=secrets), drill=False)
        assert adapter
        async with httpx.AsyncClient(transport=httpx.MockTransport(respond)) as client:
            return await handing_over(adapter, client, message)

    return asyncio.run(go()), asked


def test_twilio_takes_a_form_with_a_callback() -> None:
    outcome, (request,) = hand("twilio", TWILIO, httpx.Response(201, json={"sid": "SM1"}), auth_token="t")
    assert outcome == Accepted("SM1")
    assert str(request.url) == "https://api.test/2010-04-01/Accounts/AC1/Messages.json"
    form = dict(httpx.QueryParams(request.content.decode()))
    assert form == {
        "To": "+989121234567",
        "Body": "سلام {to} & 50%",
        "From": "+15005550006",
        "StatusCallback": "https://here.test/r?id=1",
    }
    assert request.headers["authorization"].startswith("Basic ")
    for code, final in ((21211, True), (21610, True), (21606, False), (20003, False)):
        assert hand("twilio", TWILIO, httpx.Response(400, json={"code": code}))[0] == NotSent("refused", final=final)


@pytest.mark.parametrize("method", ["GET", "POST", "JSON"])
def test_a_panel_gets_its_own_names_filled_once(method: str) -> None:
    how = {"GET": {}, "POST": {"method": "POST"}, "JSON": {"method": "post", "encoding": "json"}}[method]
    answer = httpx.Response(200, json={"RetStatus": 1, "data": {"id": 77}})
    outcome, (request,) = hand("generic", GENERIC | how, answer, api_key="k{text}")
    assert outcome == Accepted("77")
    wanted = {"To": "09121234567", "Body": MESSAGE.text, "Key": "k{text}", "Ref": str(ID), "Line": "3000"}
    if method == "GET":
        assert dict(request.url.params) == wanted
    elif method == "POST":
        assert dict(httpx.QueryParams(request.content.decode())) == wanted
    else:
        assert orjson.loads(request.content) == wanted


def test_a_panel_that_says_200_to_everything() -> None:
    refused = httpx.Response(200, json={"RetStatus": 35})
    assert hand("generic", GENERIC, refused)[0] == NotSent("panel_refused")
    plain = {name: value for name, value in GENERIC.items() if name not in {"ok", "reference"}}
    assert hand("generic", plain, httpx.Response(200, text="Recieved"))[0] == Accepted(None)
    outcome, asked = hand("generic", GENERIC | {"ok": "("}, 200)
    assert (outcome, asked) == (NotSent("settings"), [])


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (202, Accepted(str(ID))),
        (302, NotSent("http_302")),
        (400, NotSent("refused", final=True)),
        (401, NotSent("http_401")),
        (httpx.Response(403, text="Authorization failed for sendsms"), NotSent("http_403")),
        (httpx.Response(403, text="Not routable. Do not try again."), NotSent("refused", final=True)),
        (429, NotSent("busy")),
        (500, Unknown("http_500")),
        (502, Unknown("http_502")),
        (503, NotSent("busy")),
        (httpx.ConnectError(""), NotSent("unreachable")),
        (httpx.ConnectTimeout(""), NotSent("unreachable")),
        (httpx.ReadTimeout(""), Unknown("no_answer")),
        (httpx.WriteTimeout(""), Unknown("no_answer")),
        (httpx.RemoteProtocolError(""), Unknown("cut")),
        (RuntimeError(""), Unknown("fault")),
    ],
)
def test_what_is_certain_and_what_is_not(answer: Any, outcome: Outcome) -> None:
    settings = {"send_url": "http://127.0.0.1:13013/cgi-bin/sendsms"}
    assert hand("kannel", settings, answer)[0] == outcome
    assert hand("kannel", {}, answer) == (NotSent("settings"), [])


def test_a_phone_takes_our_id_and_knows_it_again() -> None:
    settings = {"send_url": "http://phone.test/message/", "username": "sms", "sim": 2}
    life = Outgoing(ID, MESSAGE.to, MESSAGE.text, str(ID), life=True, lives_s=60)
    outcome, (request,) = hand("android", settings, 202, life, password="p")
    assert (outcome, str(request.url)) == (Accepted(str(ID)), "http://phone.test/message")
    assert orjson.loads(request.content) == {
        "id": str(ID),
        "textMessage": {"text": MESSAGE.text},
        "phoneNumbers": [MESSAGE.to],
        "withDeliveryReport": True,
        "priority": 100,
        "ttl": 60,
        "simNumber": 2,
    }
    assert hand("android", settings, 409, life)[0] == Accepted(str(ID))
    again = Outgoing(ID, MESSAGE.to, MESSAGE.text, str(ID), again=True)
    assert [r.method for r in hand("android", settings, 500, again)[1]] == ["GET"]


@pytest.mark.parametrize("kind", GATEWAY_KINDS)
def test_in_a_drill_nothing_leaves_the_machine(kind: str) -> None:
    gateway = Gateway(ID, kind, kind, settings={"send_url": "http://elsewhere.test"}, sends=True)
    assert type(adapter_for(gateway, drill=True)) is Fake
    assert type(adapter_for(None, drill=True)) is Fake
    assert type(adapter_for(gateway, drill=False)) is not Fake
    assert adapter_for(None, drill=False) is None


def test_nothing_of_a_message_stands_in_its_repr() -> None:
    assert "989" not in repr(MESSAGE)
    assert "سلام" not in repr(MESSAGE)
