"""What goes wrong while an instance is set up or run, said once for people in Persian and in English."""


class Problem(Exception):
    """A condition a person can act on.

    ``code`` is stable and short (``port.taken``); ``fa`` and ``en`` say the same thing and what to do
    about it;
    ``exit_code`` is what a command that cannot go on returns.
    """

    def __init__(self, code: str, *, fa: str, en: str, exit_code: int = 1) -> None:
        super().__init__(en)
        self.code = code
        self.fa = fa
        self.en = en
        self.exit_code = exit_code

    def as_dict(self) -> dict[str, str]:
        """Return the three texts, ready for JSON."""
        return {"code": self.code, "fa": self.fa, "en": self.en}
