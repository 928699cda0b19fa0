"""What the built-in forms are written with: rows of a workbook, in Persian and English side by side."""

from collections.abc import Sequence
from dataclasses import dataclass, field

FA, EN = "فارسی (fa)", "English (en)"

# Every column that a form may use, in the order in which people like to read them.
SURVEY = (
    "type",
    "name",
    f"label::{FA}",
    f"label::{EN}",
    f"hint::{FA}",
    f"hint::{EN}",
    "required",
    f"required_message::{FA}",
    f"required_message::{EN}",
    "relevant",
    "constraint",
    f"constraint_message::{FA}",
    f"constraint_message::{EN}",
    "default",
    "calculation",
    "appearance",
    "parameters",
    "save_to",
    "hamyar",
)
CHOICES = ("list_name", "name", f"label::{FA}", f"label::{EN}")
ENTITIES = ("list_name", "label", "create_if")
# Digits of every keyboard our people have: a text answer may hold any of them.
ANY_DIGIT = "0-9۰-۹٠-٩"

Row = dict[str, str]
Taxonomy = Sequence[Row]


@dataclass(frozen=True, slots=True)
class Form:
    """One built-in form. A newer form needs a newer `version`, or phones keep the old one."""

    form_id: str
    version: str
    title_fa: str
    title_en: str
    survey: Sequence[Row]
    choices: Sequence[Row] = ()
    entities: Sequence[Row] = field(default=())


def row(kind: str, name: str, fa: str = "", en: str = "", hint: tuple[str, str] = ("", ""), /, **more: str) -> Row:
    """A row of the survey sheet."""
    made = {
        "type": kind,
        "name": name,
        f"label::{FA}": fa,
        f"label::{EN}": en,
        f"hint::{FA}": hint[0],
        f"hint::{EN}": hint[1],
        **more,
    }
    if "constraint" in made and f"constraint_message::{FA}" not in made:
        made |= refused("عددی درست و معقول بنویسید.", "Write a whole and sensible number.")
    return made


def messages(fa: str, en: str) -> Row:
    """What is said when a required answer is missing."""
    return {f"required_message::{FA}": fa, f"required_message::{EN}": en}


def asked(fa: str, en: str) -> Row:
    """Makes a question required, and says why."""
    return {"required": "yes", **messages(fa, en)}


def refused(fa: str, en: str) -> Row:
    """What is said when the constraint does not hold."""
    return {f"constraint_message::{FA}": fa, f"constraint_message::{EN}": en}


def number(name: str, fa: str, en: str, role: str, most: int, hint: tuple[str, str] = ("", ""), /, **more: str) -> Row:
    """A whole number from 0 to `most`."""
    return row("integer", name, fa, en, hint, constraint=f". >= 0 and . <= {most}", hamyar=role, **more)


def group(name: str, fa: str, en: str, rows: Sequence[Row], /, **more: str) -> list[Row]:
    """Questions on one screen."""
    more = {"appearance": "field-list", **more}
    return [row("begin group", name, fa, en, **more), *rows, row("end group", name)]


def repeat(name: str, fa: str, en: str, rows: Sequence[Row], /, **more: str) -> list[Row]:
    """Questions asked as often as there are things to tell."""
    return [row("begin repeat", name, fa, en, **more), *rows, row("end repeat", name)]


def times() -> list[Row]:
    """When the form was opened and closed, by the phone's clock."""
    return [row("start", "start"), row("end", "end")]


def choice(list_name: str, name: str, fa: str, en: str) -> Row:
    """A row of the choices sheet."""
    return {"list_name": list_name, "name": name, f"label::{FA}": fa, f"label::{EN}": en}


def taxonomy_choices(taxonomy: Taxonomy, kind: str, only: Sequence[str] = ()) -> list[Row]:
    """Codes of one kind with their labels, all of them or some in a given order."""
    known = {entry["code"]: entry for entry in taxonomy if entry["kind"] == kind}
    return [choice(kind, code, known[code]["label_fa"], known[code]["label_en"]) for code in only or known]


def urgencies() -> list[Row]:
    """How urgent something is, as the model has it."""
    return [
        choice("urgency", "life", "جان کسی در خطر است (تا چند ساعت)", "Somebody may die within hours"),
        choice("urgency", "high", "فوری: همین امروز لازم است", "Urgent: needed today"),
        choice("urgency", "normal", "عادی: می‌تواند بماند", "Normal: it can wait"),
    ]


def position(fa: str, en: str, hint: tuple[str, str], /, **more: str) -> Row:
    """A measured position, never required: not every phone has a fix."""
    return row("geopoint", "location", fa, en, hint, hamyar="location", **more)


def place_name(fa: str, en: str, hint: tuple[str, str], required: str = "string-length(${location}) = 0") -> Row:
    """The name of the place, needed when there is no position."""
    made = row("text", "place_name", fa, en, hint, hamyar="place")
    made |= asked("بدون مختصات، نام جا لازم است.", "Without a position, the name of the place is needed.")
    return made | {"required": required}


NO_NAMES = (
    "نام و نشانی خانهٔ اشخاص را ننویسید.",
    "Do not write names or home addresses of persons.",
)


def note_and_photo() -> list[Row]:
    """The last screen: what no question asked for."""
    return group(
        "more",
        "بیشتر",
        "More",
        [
            row(
                "text",
                "note",
                "هر چه دیگر که باید بدانیم",
                "Anything else that we should know",
                ("نام و شمارهٔ کسی را ننویسید.", "No names or numbers of persons."),
                appearance="multiline",
                hamyar="text",
            ),
            row(
                "image",
                "photo",
                "عکس (اختیاری)",
                "Photo (optional)",
                (
                    "از چهرهٔ کسی عکس نگیرید؛ راه، پل، ساختمان یا آب را نشان دهید.",
                    "No faces, please: show the road, the bridge, the building or the water.",
                ),
                parameters="max-pixels=1280",
                hamyar="photo",
            ),
        ],
    )


def centre(fa: str, en: str, hint: tuple[str, str] = ("", ""), *, required: bool = True) -> Row:
    """One of our centres, from the list on the phone."""
    made = row("select_one_from_file centres.csv", "centre", fa, en, hint, appearance="minimal", hamyar="centre")
    return made | asked("مرکز را برگزینید.", "Choose the centre.") if required else made


def item() -> Row:
    """One item of our catalogue, from the list on the phone."""
    return row(
        "select_one_from_file items.csv",
        "item",
        "چه چیز؟",
        "Which item?",
        ("بخشی از نام را بنویسید تا زودتر بیابید.", "Type a part of its name to find it faster."),
        appearance="minimal autocomplete",
        hamyar="item",
    ) | asked("کالا را برگزینید.", "Choose the item.")


def amount(fa: str, en: str, least: int = 1) -> Row:
    """How much of the item of this round, asked once it is chosen: the list brings its unit."""
    return row(
        "decimal",
        "quantity",
        fa,
        en,
        (
            "واحد: ${unit}. اعشار را با نقطه بنویسید.",
            "Unit: ${unit}. Write decimals with a point.",
        ),
        constraint=f". {'>=' if least == 0 else '>'} 0 and . <= 1000000",
        relevant="${item} != ''",
        hamyar="item.quantity",
        **asked("مقدار را بنویسید.", "Write the amount."),
        **(
            refused("عددی از صفر تا یک میلیون بنویسید.", "Write a number from 0 to one million.")
            if least == 0
            else refused("عددی بیش از صفر و تا یک میلیون بنویسید.", "Write a number above 0, up to one million.")
        ),
    )


def unit() -> Row:
    """The unit of the chosen item, as the list words it."""
    return row("calculate", "unit", calculation="instance('items')/root/item[name = ${item}]/unit_label")


def household(fa: str, en: str, hint: tuple[str, str], /, **more: str) -> Row:
    """A household that was registered, from the list on the phone."""
    return row(
        "select_one_from_file households.csv",
        "household",
        fa,
        en,
        hint,
        appearance="minimal autocomplete",
        hamyar="entity households",
        **more,
    )
