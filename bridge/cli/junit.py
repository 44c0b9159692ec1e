"""What `bridge check` found, as JUnit XML: the form in which CI systems show tests.

One test case an example, and one a file; what is wrong with a file is a failure of its own, each with the
line it stands on. The attributes are those of Jenkins' schema, which GitLab, GitHub actions and others read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from xml.etree import ElementTree as Xml

from bridge.cli import parts

_FINDING = re.compile(r"(?P<file>[^:]+):(?:(?P<line>[0-9]+):)? ?(?P<rest>.*)", re.S)
_PLACE = re.compile(r"(?P<place>[^:]*): ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One thing that was looked at; `wrong` is a sentence with file and line, or None."""

    file: str
    line: int
    of: str  # the rule, the source, or the file again
    name: str
    wrong: str | None = None


def finding(sentence: str) -> Case:
    """A mistake in a file, told as `file:line: place: what is wrong`, as a failed case."""
    found = _FINDING.fullmatch(sentence)
    file, line = (found["file"], int(found["line"] or 0)) if found else ("mappings", 0)
    place = _PLACE.match(found["rest"]) if found else None
    name = place["place"] if place else "can be read"
    return Case(file=file, line=line, of=Path(file).stem, name=name, wrong=sentence)


def write(file: Path, cases: Sequence[Case], warnings: Iterable[str]) -> None:
    """Write the report to *file*; what is only doubtful is told as its output."""
    Xml.indent(root := _report(cases, "\n".join(warnings)))
    file.write_bytes(Xml.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n")


def _report(cases: Sequence[Case], warnings: str) -> Xml.Element:
    root = Xml.Element("testsuites", {"name": "bridge check", **_counts(cases)})
    for file, several in groupby(sorted(cases, key=lambda one: one.file), lambda one: one.file):
        root.append(_suite(file, list(several)))
    if warnings and len(root):
        Xml.SubElement(root[-1], "system-out").text = parts.harmless(warnings)
    return root


def _suite(file: str, cases: Sequence[Case]) -> Xml.Element:
    suite = Xml.Element("testsuite", {"name": parts.harmless(file), "time": "0", **_counts(cases)})
    for one, name in zip(cases, _apart(parts.harmless(one.name) for one in cases), strict=True):
        told = {"file": parts.harmless(one.file), "line": str(one.line)} if one.line else {}
        case = Xml.SubElement(
            suite, "testcase", {"name": name, "classname": one.of, "time": "0", **told}
        )
        if one.wrong is not None:
            wrong = parts.harmless(one.wrong)
            Xml.SubElement(case, "failure", message=wrong, type="mistake").text = wrong
    return suite


def _counts(cases: Sequence[Case]) -> dict[str, str]:
    failed = sum(one.wrong is not None for one in cases)
    return {"tests": str(len(cases)), "failures": str(failed), "errors": "0"}


def _apart(names: Iterable[str]) -> Iterator[str]:
    """*names* with a number behind those that were there before: readers take equal names for one test."""
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name} ({seen[name]})"
