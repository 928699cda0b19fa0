"""Points written out in texts: plus codes, coordinates in every habit, links of map apps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.kernel.geo import Box, distance_m
from server.places.codes import ALPHABET, decode, encode, is_full, is_short, recover
from server.places.points import find_points

IRAN = Box(44.0, 25.0, 63.5, 40.0)
LAT = st.floats(-89.9, 89.9)
LON = st.floats(-180, 179.999)


# Examples published with the specification.
@pytest.mark.parametrize(
    ("code", "lat", "lon"),
    [
        ("7FG49Q00+", 20.375, 2.775),
        ("7FG49QCJ+2V", 20.3700625, 2.7821875),
        ("7FG49QCJ+2VXGJ", 20.3701135, 2.782234375),
        ("8FVC2222+22", 47.0000625, 8.0000625),
        ("4VCPPQGP+Q9", -41.2730625, 174.7859375),
        ("62G20000+", 1, -179),
        ("22220000+", -89, -179),
        ("7FG40000+", 20.5, 2.5),
    ],
)
def test_published_codes_are_decoded(code: str, lat: float, lon: float) -> None:
    area = decode(code)
    assert area.lat == pytest.approx(lat, abs=0.6 if code.endswith("0000+") else 1e-6)
    assert area.lon == pytest.approx(lon, abs=1 if code.endswith("0000+") else 1e-6)
    assert not code.endswith("+") or area.height in (1.0, 0.05)


@given(LAT, LON, st.sampled_from([8, 10, 11, 13, 15]))
def test_a_point_lies_in_its_own_code(lat: float, lon: float, digits: int) -> None:
    code = encode(lat, lon, digits)
    area = decode(code)
    assert is_full(code)
    assert not is_short(code)
    assert area.south - 1e-9 <= lat <= area.south + area.height + 1e-9
    assert area.west - 1e-9 <= lon <= area.west + area.width + 1e-9
    assert encode(area.lat, area.lon, digits) == code


@given(st.floats(-80, 80), LON, st.floats(-0.4, 0.4), st.floats(-0.4, 0.4))
def test_a_short_code_means_the_nearest_square(lat: float, lon: float, north: float, east: float) -> None:
    code = encode(lat, lon)
    area = recover(code[4:], lat + north, (lon + east + 180) % 360 - 180)
    assert distance_m(area.lon, area.lat, lon, lat) < 20


@given(st.text(alphabet=ALPHABET + "01+aZ", max_size=16))
def test_codes_are_judged_without_failing(code: str) -> None:
    if is_full(code):
        decode(code)
    elif not is_short(code):
        with pytest.raises(ValueError, match="plus code"):
            decode(code)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("موقعیت ۳۳٫۱۵۲۴۹، ۴۷٫۷۱۰۱۴ زیر آوار", "decimal"),
        ("we are at 33.15249, 47.71014 on the roof", "decimal"),
        ("33.15249 47.71014", "decimal"),
        ("47.71014, 33.15249", "decimal"),
        ("lat 33.15249 lon 47.71014", "decimal"),
        ("lat=33.15249&lng=47.71014", "decimal"),
        ("۳۳/۱۵۲۴۹ ۴۷/۷۱۰۱۴", "decimal"),
        ("33,15249; 47,71014", "decimal"),
        ("33 09 08.96 N, 47 42 36.5 E", "dms"),
        ("lon: 47.71014, lat: 33.15249", "decimal"),
        ("طول جغرافیایی ۴۷.۷۱۰۱۴ عرض جغرافیایی ۳۳.۱۵۲۴۹", "decimal"),
        ("N33.15249 E47.71014", "decimal"),
        ("33.15249° N, 47.71014° E", "decimal"),
        ("33°09'08.96\"N 47°42'36.5\"E", "dms"),
        ("33° 9′ 8.96″ N, 47° 42′ 36.5″ E", "dms"),
        ("۳۳ درجه و ۹ دقیقه و ۸.۹۶ ثانیه شمالی و ۴۷ درجه و ۴۲ دقیقه و ۳۶.۵ ثانیه شرقی", "dms"),
        ("geo:33.15249,47.71014;u=35", "geo"),
        ("geo:0,0?q=33.15249,47.71014(home)", "geo"),
        ("https://www.google.com/maps?q=33.15249,47.71014", "link"),
        ("https://maps.google.com/?q=loc:33.15249%2C47.71014", "link"),
        ("https://www.google.com/maps/place/X/@33.1,47.6,12z/data=!3d33.15249!4d47.71014", "link"),
        ("https://www.openstreetmap.org/?mlat=33.15249&mlon=47.71014#map=15/33.2/47.8", "link"),
        ("https://balad.ir/location?latitude=33.15249&longitude=47.71014&zoom=16", "link"),
        ("https://neshan.org/maps/@33.15249,47.71014,16z,0p", "link"),
        ("https://waze.com/ul?ll=33.15249%2C47.71014&navigate=yes", "link"),
        ("ما اینجاییم 8H595P26+X3 کمک", "plus"),
    ],
)
def test_points_are_found(text: str, form: str) -> None:
    [point] = find_points(text, IRAN)
    assert point.form == form
    assert distance_m(point.lon, point.lat, 47.71014, 33.15249) <= 60
    assert 10 <= point.accuracy_m <= 700
    assert 0 <= point.start < point.end <= len(text)


@pytest.mark.parametrize(
    "text",
    [
        "چادر به طول ۴ و عرض ۳.۵ متر",
        "a tent 3.5, 4.2 m",
        "3.141, 2.718",
        "call 0912 345 6789, 0913 222 3333",
        "0.0, 0.0",
        "lat 95.123 lon 47.123",
        "https://example.org/news/33",
        "C+F and 22+33",
        "12.345.678, 13.345.678",
        "۱۲۰۰ نفر، ۳۰۰ خانوار",
        "2010-01-22 19:09:44",
        "از 12/1398 تا 01/1399",
        "33,1000 47,2000,300",
    ],
)
def test_other_numbers_are_no_points(text: str) -> None:
    assert find_points(text, IRAN) == []


def test_a_short_code_waits_for_its_place() -> None:
    [point] = find_points("5P26+X3 پلدختر".upper(), IRAN)
    assert point.short == "5P26+X3"
    placed = point.placed(33.1, 47.8)
    assert distance_m(placed.lon, placed.lat, *reversed((decode("8H595P26+X3").lat, decode("8H595P26+X3").lon))) < 1


@given(st.text(alphabet="0123456789.,-+°'\" NSEWlatongeo:/?=@#۳٫درجه", max_size=200))
def test_any_text_is_read_to_its_end(text: str) -> None:
    for point in find_points(text):
        assert 0 <= point.start < point.end <= len(text)
        assert point.short or (abs(point.lat) <= 90 and abs(point.lon) <= 180)


def test_blanks_and_digits_cost_no_more_than_their_length() -> None:
    for text in ("1" + " " * 4000, "33.1 " * 800, "1°" * 2000, "2+" * 2000, "33.123," * 600, "https://" * 500 + "1.22"):
        find_points(text)
