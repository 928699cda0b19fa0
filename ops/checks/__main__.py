"""Run every check over the files of the repository; print what is wrong and fail."""

import sys

from ops.checks.files import repository_files
from ops.checks.rules import RULES


def main() -> int:
    """Return the number of findings, at most 1 as an exit status."""
    findings = [f"{path}: {text}" for path in repository_files() for rule in RULES for text in rule(path)]
    for finding in findings:
        print(finding)
    return min(1, len(findings))


sys.exit(main())
