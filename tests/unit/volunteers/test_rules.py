"""How strangers' files are read."""

from server.volunteers import rules


def test_lists() -> None:
    assert rules.codes("medic; Driver,medic، rescue") == ["medic", "driver", "rescue"]
    assert rules.codes("") == []
    assert rules.codes("medic; <script>") is None
