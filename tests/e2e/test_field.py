"""Forms in Chromium at `/field/`: opened by a link, filled in as on a phone, sent through the OpenRosa door."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from field_forms.builtin import BUILTIN, WITH_LISTS, workbook
from field_forms.xlsform import compile_form
from tests.support.browsing import PHONE, WAIT_MS, Seen, browser, needs_chromium
from tests.support.instance import wait_until
from tests.support.running import World
from tests.unit.field_forms.samples import markdown_form

__all__ = ["browser"]
pytestmark = needs_chromium
REPOSITORY = Path(__file__).parents[2]
REAL = REPOSITORY.parent / "shared/data/openrosa"
BROKEN = {"WaterSimple"}
"""Its constraint ends in the middle (`. > 0 and . < `): it opens nowhere."""
XFORMS = "http://openrosa.org/xforms/xformsList"


@pytest.fixture(scope="module")
def link(world: World) -> str:
    """The token of a team's link."""
    return world.running.instance.run("token", "create", "--role", "field", "--name", "link").stdout.strip()


@pytest.fixture
def phone(browser: Browser) -> Iterator[BrowserContext]:
    """A phone in Persian that knows where it is."""
    place = {"latitude": 33.1536, "longitude": 47.7136, "accuracy": 5}
    context = browser.new_context(viewport=PHONE, locale="fa-IR", geolocation=place, permissions=["geolocation"])
    context.set_default_timeout(WAIT_MS)
    yield context
    context.close()


def arrived(world: World, form_id: str) -> list[dict[str, Any]]:
    """What the server has of a form, newest first: answers by the last step of their paths, and the names of files."""
    with world.running.api() as api:
        rows = api.get(f"/api/forms/{form_id}/submissions").json()["items"]
        all_of_it = [api.get(f"/api/submissions/{row['id']}").json() for row in rows]
    return [
        {one["path"].rpartition("/")[2]: one["value"] for one in each["answers"]}
        | {"files": [file["name"] for file in each["files"]], "receipt": each["made"]["report"]["receipt"]}
        for each in all_of_it
    ]


def start(page: Page, url: str, form_id: str, link: str = "") -> None:
    """Open a form and wait until it can be filled in."""
    page.goto(f"{url}/field/{form_id}" + (f"#{link}" if link else ""))
    expect(page.locator(".odk-form")).to_be_visible()


def field(page: Page, label: str) -> Locator:
    """The question that says `label`."""
    return page.locator(".question-container").filter(has_text=label).first


def send(page: Page) -> str:
    """Send, and give what the server said."""
    page.get_by_role("button", name="بفرست").click()
    expect(page.locator(".field__receipt")).to_be_visible()
    said = page.locator(".field__receipt").inner_text()
    page.get_by_role("button", name="یکی دیگر").click()
    expect(page.locator("dialog")).to_have_count(0)
    return said


def test_a_team_fills_in_three_forms_on_a_phone(phone: BrowserContext, world: World, link: str, tmp_path: Path) -> None:
    seen, page = Seen(), phone.new_page()
    seen.watch(page)
    start(page, world.url, "household", link)
    assert link not in page.url
    page.get_by_text("بله، پذیرفت").click()
    field(page, "اکنون کجا هستند").locator("input").fill("پلدختر، محلهٔ پایین")
    people = field(page, "چند نفرند").locator("input")
    people.press_sequentially("۱٢3")
    people.press("Backspace")
    field(page, "کودکان دو تا هفده سال").locator("input").press_sequentially("۴")
    page.get_by_text("پتو و زیرانداز").click()
    receipts = [send(page)]
    expect(people).to_have_count(0)

    photo = tmp_path / "road.jpg"
    page.screenshot(path=photo, type="jpeg")
    start(page, world.url, "incident")
    page.get_by_text("پل تخریب‌شده").click()
    page.get_by_text("فوری: همین امروز").click()
    page.get_by_role("button", name="جای من").click()
    page.get_by_role("button", name="همین جا").click()
    expect(page.locator(".geopoint-value")).to_be_visible()
    field(page, "نام شهر، روستا").locator("input").fill("معمولان")
    page.locator("input[type=file]").first.set_input_files(photo)
    expect(page.locator(".preview-captured-image img")).to_be_visible()
    receipts.append(send(page))

    start(page, world.url, "road_closure")
    page.get_by_text("بسته است").click()
    page.get_by_text("پل", exact=True).click()
    page.locator(".full-screen-overlay").click()
    ground = page.locator(".map-full-screen .ol-viewport")
    ground.click(position={"x": 120, "y": 350})
    page.wait_for_timeout(400)
    ground.click(position={"x": 200, "y": 390})
    page.locator(".map-full-screen .control-bar button").first.click()
    field(page, "از کجا به کجا").locator("input").fill("راه پلدختر، پس از پل")
    receipts.append(send(page))

    household, incident, closure = (arrived(world, one)[0] for one in ("household", "incident", "road_closure"))
    assert (household["people"], household["place_name"], household["children"]) == ("12", "پلدختر، محلهٔ پایین", "4")
    assert incident["location"].split()[:2] == ["33.1536", "47.7136"]
    assert incident["files"] == [incident["photo"]]
    assert closure["line"].count(";") == 1
    assert all(one["receipt"] in said for one, said in zip((household, incident, closure), receipts, strict=True))
    assert len(set(receipts)) == len(receipts) == 3
    assert seen.hosts == {urlsplit(world.url).netloc}
    # Chromium's advice on how the component reads pixels is nobody's mistake here.
    assert [said for said in seen.complaints if not said.startswith("Canvas2D")] == []


def test_goods_are_given_to_a_household_out_of_the_servers_lists(
    phone: BrowserContext, world: World, link: str, tmp_path: Path
) -> None:
    with world.running.api() as api:
        placed = {"lon": 47.7, "lat": 33.1, "code": "field-store", "name_fa": "انبار میدان", "name_en": "Field store"}
        assert api.post("/api/centres", json=placed).status_code == 201
        item = {"code": "lantern", "name_fa": "فانوس", "name_en": "Lantern", "category": "power", "unit": "piece"}
        assert api.post("/api/items", json=item).status_code == 201
    page = phone.new_page()
    start(page, world.url, "household", link)
    page.get_by_text("بله، پذیرفت").click()
    field(page, "اکنون کجا هستند").locator("input").fill("میدان")
    field(page, "چند نفرند").locator("input").press_sequentially("۳")
    send(page)
    registered = arrived(world, "household")[0]["card"]
    with world.running.api() as api:
        wait_until(lambda: registered in api.get("/api/entity-lists/households.csv").text)
    start(page, world.url, "distribution")
    for label, shown in (("از کدام مرکز", "انبار میدان"), ("کدام خانوار", registered), ("چه چیز", "فانوس")):
        field(page, label).locator("[role=combobox]").click()
        page.locator("[role=option]").filter(has_text=shown).first.click()
    amount = field(page, "چه اندازه داده شد")
    expect(amount).to_contain_text("عدد")
    amount.locator("input").press_sequentially("۲")
    mark = tmp_path / "mark.jpg"
    page.screenshot(path=mark, type="jpeg")
    page.locator("input[type=file]").first.set_input_files(mark)
    send(page)
    given = arrived(world, "distribution")[0]
    assert (given["centre"], given["item"], float(given["quantity"])) == ("field-store", "lantern", 2)


def test_sound_and_papers_go_along(phone: BrowserContext, world: World, link: str, tmp_path: Path) -> None:
    rows = "| | audio | voice | Say it |\n| | file | paper | A paper |"
    form = markdown_form(f"| | type | name | label |\n{rows}").replace(b"test_form", b"sounds")
    with world.running.api() as api:
        assert api.post("/api/forms?file_type=.md", content=form).status_code == 201
    voice, paper = tmp_path / "v.mp3", tmp_path / "p.pdf"
    voice.write_bytes(b"ID3\x03\0\0\0\0\0!" + b"\xff\xfb\x90\0" + bytes(400))
    paper.write_bytes(b"%PDF-1.4\n%%EOF\n")
    page = phone.new_page()
    start(page, world.url, "sounds", link)
    for at, file in enumerate((voice, paper)):
        page.locator(".field__file").nth(at).set_input_files(file)
    send(page)
    [sent] = arrived(world, "sounds")
    assert sorted(sent["files"]) == sorted([sent["voice"], sent["paper"]])


def test_answers_wait_for_the_network_and_arrive_once(phone: BrowserContext, world: World, link: str) -> None:
    page = phone.new_page()
    start(page, world.url, "household", link)
    page.get_by_text("بله، پذیرفت").click()
    field(page, "اکنون کجا هستند").locator("input").fill("بی‌شبکه")
    page.get_by_role("button", name="بفرست").click()
    expect(page.locator(".form-error-message")).to_contain_text("یک پرسش")
    field(page, "چند نفرند").locator("input").press_sequentially("۶")
    phone.set_offline(True)
    page.get_by_role("button", name="بفرست").click()
    expect(page.locator("dialog [role=alert]")).to_contain_text("به سرور نمی‌رسیم")
    page.get_by_role("button", name="بازگشت به فرم").click()
    expect(field(page, "چند نفرند").locator("input")).to_have_value(re.compile("6|۶"))
    page.get_by_role("button", name="بفرست").click()
    expect(page.locator("dialog [role=alert]")).to_be_visible()
    phone.set_offline(False)
    expect(page.locator(".field__receipt")).to_be_visible()
    assert [one["place_name"] for one in arrived(world, "household")].count("بی‌شبکه") == 1


def test_a_link_that_is_none_is_told_so(phone: BrowserContext, world: World) -> None:
    page = phone.new_page()
    page.goto(f"{world.url}/field/")
    expect(page.get_by_role("alert")).to_contain_text("پیوند")
    page.goto(f"{world.url}/field/#{'x' * 40}")
    expect(page.get_by_role("alert")).to_contain_text("دیگر کار نمی‌کند")


def real_forms() -> dict[str, str]:
    """All of ours, and some of other people's where they are at hand."""
    ours = {one: compile_form(workbook(one), ".xlsx").xml.decode() for one in BUILTIN + WITH_LISTS}
    others = [*sorted(REAL.glob("forms/*.xml")), *sorted(REAL.glob("collect_xforms/*.xml"))[::12]]
    return ours | {path.stem.replace(" ", "_"): path.read_text(encoding="utf-8") for path in others}


def listed(forms: dict[str, str]) -> str:
    """A form list that names them."""
    each = (
        f"<xform><formID>{one}</formID><name>{one}</name><version>1</version><hash>md5:0</hash>"
        f"<downloadUrl>http://elsewhere.example/openrosa/forms/{one}.xml</downloadUrl></xform>"
        for one in forms
    )
    return f'<xforms xmlns="{XFORMS}">{"".join(each)}</xforms>'


def test_our_forms_and_others_open_in_english(browser: Browser, world: World, link: str) -> None:
    forms, seen, refused = real_forms(), Seen(), list[str]()
    context = browser.new_context(viewport=PHONE, locale="en-GB")
    page = seen.watch(context.new_page())
    page.route("**/openrosa/formList", lambda route: route.fulfill(body=listed(forms), content_type="text/xml"))
    page.route(
        "**/openrosa/forms/*.xml",
        lambda route: route.fulfill(body=forms[route.request.url.rsplit("/", 1)[1][:-4]], content_type="text/xml"),
    )
    page.goto(f"{world.url}/field/?lang=en#{link}")
    expect(page.locator(".field__form")).to_have_count(len(forms))
    for one in forms:
        page.goto(f"{world.url}/field/{one}")
        before = len(seen.complaints)
        expect(page.locator(".odk-form, .form-load-failure-dialog, main [role=alert]").first).to_be_visible()
        if "base64RsaPublicKey" in forms[one]:
            expect(page.get_by_role("alert")).to_contain_text("must be encrypted")
        elif page.locator(".form-load-failure-dialog").count():
            refused.append(one)
            del seen.complaints[before:]
    context.close()
    assert set(refused) == BROKEN & set(forms)
    assert seen.complaints == []
    assert seen.hosts == {urlsplit(world.url).netloc}


def test_the_page_allows_itself_no_more_than_the_component_needs(world: World) -> None:
    policy = httpx.get(f"{world.url}/field/household").headers["content-security-policy"]
    allowed = dict(part.split(" ", 1) for part in policy.split("; "))
    assert allowed["script-src"] == "'self' 'wasm-unsafe-eval'"
    assert allowed["connect-src"] == "'self'"
    assert allowed["default-src"] == allowed["frame-ancestors"] == "'none'"
    assert "unsafe" not in httpx.get(f"{world.url}/login").headers["content-security-policy"]
