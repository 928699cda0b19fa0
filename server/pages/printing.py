"""Chromium as a printer: our own HTML to PDF or PNG, in a process of its own with an empty profile and no network."""

import asyncio
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

from server.kernel.errors import Problem

NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
TIMEOUT_S: Final = 180
_FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
"""The document is our own and runs no script; its policy allows nothing from outside, and no name resolves."""


def printer() -> str | None:
    """The browser's program, None where there is none."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def missing() -> Problem:
    """503: nothing here turns pages into PDF; the pages themselves print from any browser."""
    return Problem(
        503,
        "print.no_chromium",
        "No Chromium on this machine (apt-get install chromium). Open the sheets as a page and print them from there.",
        "روی این دستگاه Chromium نیست (apt-get install chromium). برگه‌ها را در مرورگر باز و از همان‌جا چاپ کنید.",
    )


async def _run(html: str, flags: list[str], out: str) -> bytes:
    program = printer()
    if program is None:
        raise missing()
    with tempfile.TemporaryDirectory(prefix="hamyar-print-") as folder:
        page, result = Path(folder) / "page.html", Path(folder) / out
        await asyncio.to_thread(page.write_text, html, "utf-8")
        told = [flag.format(out=result) for flag in flags]
        nothing = asyncio.subprocess.DEVNULL
        work = await asyncio.create_subprocess_exec(
            *(program, *_FLAGS, f"--user-data-dir={folder}/profile", *told, page.as_uri()),
            stdin=nothing,
            stdout=nothing,
            stderr=nothing,
            env={"PATH": os.environ.get("PATH", ""), "HOME": folder, "LANG": "C.UTF-8"},
        )
        try:
            await asyncio.wait_for(work.wait(), TIMEOUT_S)
        except TimeoutError:
            work.kill()
            await work.wait()
        if not result.exists():
            raise Problem(
                503, "print.failed", "The sheets could not be printed. Try fewer.", "چاپ برگه‌ها ممکن نشد. کمتر بخواهید."
            )
        return await asyncio.to_thread(result.read_bytes)


async def pdf(html: str) -> bytes:
    """The document's pages as PDF, as large as its own `@page` says."""
    return await _run(html, ["--print-to-pdf={out}", "--no-pdf-header-footer"], "out.pdf")


async def png(html: str, width: int, height: int) -> bytes:
    """The document's first `width` × `height` pixels as PNG, at twice that sharpness."""
    size = f"--window-size={width},{height}"
    return await _run(html, ["--screenshot={out}", size, "--force-device-scale-factor=2"], "out.png")
