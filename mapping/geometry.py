"""Small rules of place that the page and its tests share. Degrees WGS 84, lon before lat."""

from math import cos, log2, radians

Box = tuple[float, float, float, float]

MOST_LON = 180.0
MOST_LAT = 90.0
MAX_MERCATOR_LAT = 85.0511
TILE_PX = 256


def parse_box(text: str) -> Box:
    """Read `w,s,e,n` in degrees; ValueError when it is not four numbers in range with s < n and w < e."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise ValueError("a box has four numbers: west, south, east, north") from None
    if not (-MOST_LON <= west < east <= MOST_LON and -MOST_LAT <= south < north <= MOST_LAT):
        raise ValueError("a box needs west < east and south < north, in degrees")
    return west, south, east, north


def zoom_for(box: Box, width_px: int = 900, height_px: int = 700, most: int = 14) -> int:
    """The largest whole zoom at which `box` fits a view of that size (Web Mercator, 256-pixel tiles)."""
    west, south, east, north = box
    middle = max(-MAX_MERCATOR_LAT, min(MAX_MERCATOR_LAT, (south + north) / 2))
    across = max(east - west, 1e-6)
    # Near `middle` a degree of latitude is 1/cos(lat) times as tall on the map as a degree of longitude is
    # wide.
    down = max((north - south) / max(cos(radians(middle)), 0.05), 1e-6)
    fits = min(log2(width_px / TILE_PX * 360 / across), log2(height_px / TILE_PX * 360 / down))
    return max(2, min(most, int(fits)))


def centre_of(box: Box) -> tuple[float, float]:
    """The middle of `box` as (lat, lon), the order Leaflet and folium want."""
    west, south, east, north = box
    return (south + north) / 2, (west + east) / 2
