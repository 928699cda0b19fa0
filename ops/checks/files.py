"""Which files are the repository's own: what git tracks or would track."""

import subprocess
from pathlib import Path

from ops.localstack.layout import REPOSITORY

TEXT = {
    ".py",
    ".ts",
    ".css",
    ".html",
    ".jinja",
    ".j2",
    ".sh",
    ".sql",
    ".md",
    ".toml",
    ".yml",
    ".yaml",
    ".json",
    ".lock",
    ".csv",
    ".txt",
    ".conf",
    ".po",
    ".mako",
    ".xml",
    ".jsonl",
}
NAMES = {"Makefile", "Dockerfile", "run", "LICENSE", ".npmrc", ".gitignore", ".dockerignore"}


def repository_files(root: Path = REPOSITORY) -> list[Path]:
    """Return text files relative to the root, in order; a copy without git is walked."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        check=False,
    )
    if done.returncode == 0:
        names = [Path(name) for name in done.stdout.decode().split("\0") if name]
    else:
        skip = {".venv", "node_modules", "var", ".git", "dist"}
        names = [path.relative_to(root) for path in root.rglob("*") if not skip & set(path.parts)]
    chosen = (name for name in names if name.suffix in TEXT or name.name in NAMES)
    return sorted(name for name in chosen if (root / name).is_file())
