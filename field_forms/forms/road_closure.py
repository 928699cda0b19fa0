"""Road closure: a line (or a point) where nobody passes, or where the way is open again."""

from field_forms.forms.parts import (
    Form,
    Taxonomy,
    asked,
    choice,
    group,
    note_and_photo,
    place_name,
    row,
    taxonomy_choices,
    times,
)

CAUSES = ("road_blocked", "bridge_out", "landslide", "flooding", "building_collapsed", "fire", "security")
CLOSED = "${state} = 'closed'"
_NEEDED = "string-length(${line}) = 0 and string-length(${point}) = 0"


def form(taxonomy: Taxonomy) -> Form:
    """The form, in step with the taxonomy."""
    what = [
        row(
            "select_one closure_state",
            "state",
            "راه اکنون چگونه است؟",
            "How is the way now?",
            hamyar="closure.state",
            **asked("بسته یا باز را برگزینید.", "Choose closed or open."),
        ),
        row(
            "select_one closure_kind",
            "kind",
            "چه چیز؟",
            "What is it?",
            hamyar="closure.kind",
            **asked("راه، پل یا محدوده را برگزینید.", "Choose road, bridge or area."),
        ),
        row(
            "select_multiple incident",
            "cause",
            "چرا بسته است؟",
            "Why is it closed?",
            ("اگر نمی‌دانید، خالی بگذارید.", "Leave empty if you do not know."),
            relevant=CLOSED,
            hamyar="incident.category",
        ),
    ]
    where = [
        row(
            "geotrace",
            "line",
            "بخش بسته یا بازشده را روی نقشه بکشید",
            "Draw the stretch on the map",
            (
                "از آغاز تا پایان آن، دو نقطه بس است. اگر نقشه ندارید، بگذرید.",
                "From its beginning to its end; two points are enough. If you have no map, skip it.",
            ),
            hamyar="closure",
        ),
        row(
            "geopoint",
            "point",
            "یا همین جا را که ایستاده‌اید ثبت کنید",
            "Or mark the spot where you stand",
            ("نزدیک نروید اگر خطر دارد.", "Do not go near if it is dangerous."),
            relevant="string-length(${line}) = 0",
            hamyar="closure",
        ),
        place_name(
            "از کجا به کجا؟ نام راه یا پل",
            "From where to where? Name of the road or bridge",
            (
                "نمونه: راه پلدختر به خرم‌آباد، پس از پل",
                "Example: road from Poldokhtar to Khorramabad, after the bridge",
            ),
            _NEEDED,
        ),
        row(
            "date",
            "until",
            "گمان می‌رود تا چه روزی بسته بماند؟",
            "Until which day will it stay closed, as far as known?",
            ("اگر نمی‌دانید، خالی بگذارید.", "Leave empty if you do not know."),
            relevant=CLOSED,
            hamyar="closure.until",
        ),
    ]
    return Form(
        form_id="road_closure",
        version="2026112201",
        title_fa="راه بسته",
        title_en="Road closure",
        survey=[
            *times(),
            *group("situation", "چه شده است؟", "What happened?", what),
            *group("where", "کجا و تا کی؟", "Where and until when?", where, appearance=""),
            *note_and_photo(),
        ],
        choices=[
            choice("closure_state", "closed", "بسته است", "Closed"),
            choice("closure_state", "open", "دوباره باز شد", "Open again"),
            choice("closure_kind", "road", "راه", "Road"),
            choice("closure_kind", "bridge", "پل", "Bridge"),
            choice("closure_kind", "area", "محدوده", "Area"),
            *taxonomy_choices(taxonomy, "incident", CAUSES),
        ],
    )
