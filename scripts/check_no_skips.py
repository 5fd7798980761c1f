"""Fail if a pytest run skipped a test: ``check_no_skips.py REPORT.xml`` (pytest's ``--junitxml``)."""

import sys
from xml.etree import ElementTree


def skipped_tests(report: str) -> list[str]:
    """Return the skipped tests with the reasons. Expected failures count as skipped."""
    return [
        f"{case.get('classname')}::{case.get('name')}: {skip.get('message')}"
        for case in ElementTree.parse(report).iter("testcase")
        for skip in case.iter("skipped")
    ]


if __name__ == "__main__":
    skipped = skipped_tests(sys.argv[1])
    for line in skipped:
        print("skipped:", line, file=sys.stderr)
    sys.exit(bool(skipped))
