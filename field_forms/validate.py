"""ODK Validate, the reference judge of XForms: used at publishing and in tests, never on a request.

It is a Java program whose jar pyxform brings; without a `java` on the machine there is simply no verdict.
"""

import shutil
import tempfile
from pathlib import Path

from pyxform.validators.odk_validate import ODKValidateError, check_xform, install_exists


def available() -> bool:
    """Whether ODK Validate can run here."""
    return shutil.which("java") is not None and bool(install_exists())


def odk_validate(xml: bytes) -> list[str] | None:
    """What ODK Validate says against a form: nothing (an empty list), complaints, or None: it cannot run.

    Takes one to three seconds (a Java start).
    """
    if not available():
        return None
    with tempfile.TemporaryDirectory(prefix="form-") as folder:
        path = Path(folder) / "form.xml"
        path.write_bytes(xml)
        try:
            check_xform(str(path))
        except ODKValidateError as error:
            return [line for line in str(error).splitlines() if line.strip()]
        except OSError:
            return None
    return []
