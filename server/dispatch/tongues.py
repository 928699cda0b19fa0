"""Which languages beside Persian many people of a province speak at home: pure.

After the provinces of the Atlas of the Languages of Iran (Carleton University) and the articles of Encyclopaedia
Iranica on Azeri Turkish, Kurdish, Lori, Bakhtiari, Arabic in Iran, the Turkmens of Persia, Baluchi, Gilaki and
Mazandarani. Lori is meant widely: Bakhtiari and Southern Lori are understood with it. A province stands here when whole
districts of it speak the language; who is served in it may well speak Persian, so the language weighs in a ranking and
bars nobody.
"""

from collections.abc import Mapping
from typing import Final

OF_PROVINCE: Final[Mapping[str, tuple[str, ...]]] = {
    "IR.01": ("az", "ku"),  # West Azerbaijan
    "IR.03": ("lrc",),  # Chaharmahal and Bakhtiyari
    "IR.04": ("bal",),  # Sistan and Baluchestan
    "IR.05": ("lrc",),  # Kohgiluye and Buyer Ahmad
    "IR.08": ("glk",),  # Gilan
    "IR.10": ("ku", "lrc"),  # Ilam
    "IR.13": ("ku",),  # Kermanshah
    "IR.15": ("ar", "lrc"),  # Khuzestan
    "IR.16": ("ku",),  # Kurdistan
    "IR.23": ("lrc",),  # Lorestan
    "IR.32": ("az",),  # Ardabil
    "IR.33": ("az",),  # East Azerbaijan
    "IR.35": ("mzn",),  # Mazandaran
    "IR.36": ("az",),  # Zanjan
    "IR.37": ("tk",),  # Golestan
    "IR.43": ("ku", "tk"),  # North Khorasan
}
"""Country and code of the province, as GeoNames has them (`places.country`, `places.admin1_code`) → languages."""


def of_province(code: str | None) -> list[str]:
    """The languages of a province (`IR.23`); none where Persian serves everybody, or the province is not known."""
    return list(OF_PROVINCE.get(code or "", ()))
