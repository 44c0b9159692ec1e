"""Reading a folder of mappings: each file by its schema, then what they say about each other."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from marshmallow import ValidationError

from bridge.config import schemas, sources, wording
from bridge.config.calendars import CALENDARS, calendars_in
from bridge.config.connections import no_calendar, read_connections
from bridge.config.findings import Findings
from bridge.config.plain import Document, Misread, Where, parse, read
from bridge.config.providers import LATER, Options, Providers
from bridge.config.rulebook import rules_of
from bridge.config.ruling import Ruling, spoken
from bridge.config.values import LANGUAGE
from bridge.core.calendars import Calendar
from bridge.core.csat import Csat
from bridge.core.described import Described
from bridge.core.errors import ConfigError
from bridge.core.mapping import HelpdeskMap
from bridge.core.mistakes import nearest
from bridge.core.model import Connection
from bridge.core.replies import Replies, Variant, problems
from bridge.core.rules import OVERFLOW, Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All that the mappings say. `maps` is by the name of the helpdesk's connection.

    `files` are the texts of those that may change while processes run, by their path in the folder: rules,
    words, maps and calendars. `version` is a short name for exactly these.
    """

    connections: Mapping[str, Connection] = field(default_factory=dict)
    sources: Mapping[str, Described] = field(default_factory=dict)
    rules: Rules = field(default_factory=Rules)
    maps: Mapping[str, HelpdeskMap] = field(default_factory=dict)
    replies: Replies = field(default_factory=Replies)
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    hash: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    version: str = ""


def load(
    folder: Path, environ: Mapping[str, str], providers: Providers, *, strict: bool = True,
    files: Mapping[str, str] | None = None, draft: Path | None = None,
) -> Config:  # fmt: skip
    """The configuration in *folder*, secrets from *environ*. Raises ConfigError with all mistakes.

    Not *strict*: missing variables, weak secrets and a missing connections.yaml are warnings. With *files*,
    these texts stand in place of the folder's rules, words, maps and calendars; with a *draft*, that file in
    place of its rules.
    """
    return _Reading(folder, environ, providers, strict=strict, files=files).config(draft)


def load_rules(file: Path, text: str | None = None) -> Rules:
    """The rules in *file* alone, or in *text* as if it stood there; other files are not asked."""
    files = None if text is None else {file.name: text}
    reading = _Reading(file.parent, {}, Providers(), strict=False, files=files)
    document = reading.document(file)
    rules = reading.rules(document) if document else Rules()
    if reading.findings.problems:
        raise ConfigError(reading.findings.problems)
    return rules


def load_packs(folder: Path) -> dict[Path, Rules]:
    """The rules to start from in *folder*/packs, by file. Raises ConfigError with all mistakes.

    No process reads them: they are checked, so that who takes one takes rules that work.
    """
    reading = _Reading(folder, {}, Providers(), strict=False)
    found: dict[Path, Rules] = {}
    for file in sorted((folder / "packs").glob("*.yaml")):
        document = reading.document(file)
        if document and (rules := reading.rules(document)).rules:
            found[file] = rules
            Ruling(
                document=document, findings=reading.findings, connections={}, maps={}, channels=None
            ).check(rules)
    if reading.findings.problems:
        raise ConfigError(reading.findings.problems)
    return found


def load_source(folder: Path, name: str, taken: Iterable[str] = ()) -> Described | None:
    """The source that *folder*/sources/*name*.yaml describes; None where there is no such file.

    `taken` are the names the bridge has of its own. Raises ConfigError.
    """
    file = sources.source_files(folder).get(name)
    if file is None:
        return None
    reading = _Reading(folder, {}, Providers(), strict=False)
    document = reading.document(file)
    found = sources.described_by(document, name, taken, reading.findings) if document else None
    if found is None:
        raise ConfigError(reading.findings.problems)
    return found


def load_replies(folder: Path) -> Replies:
    """The words in *folder*/replies alone. Raises ConfigError."""
    reading = _Reading(folder, {}, Providers(), strict=False)
    replies = reading.replies()
    if reading.findings.problems:
        raise ConfigError(reading.findings.problems)
    return replies


class _Reading:
    """One reading of one folder."""

    def __init__(
        self, folder: Path, environ: Mapping[str, str], providers: Providers, *, strict: bool,
        files: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.folder = folder
        self.files = files
        self.environ = environ
        self.providers = providers
        self.findings = Findings(strict=strict)
        self.documents: list[Document] = []
        self.calendars: Mapping[str, Calendar] | None = {}  # None where they cannot be read
        self.unread_languages = False  # a replies file is wrong: what it has cannot be known

    def config(self, draft: Path | None = None) -> Config:
        """Everything, or ConfigError."""
        if not self.folder.is_dir():
            raise ConfigError([f"{self.folder}: there is no such folder; `bridge init` makes one"])
        described = self.described()
        self.calendars = self.business_hours()
        connections = self.connections(described)
        rules_document = self.document(draft or self.folder / "rules.yaml")
        rules = self.rules(rules_document) if rules_document else Rules()
        maps = self.maps(connections)
        replies = self.replies()
        if rules_document and rules.rules:
            Ruling(
                document=rules_document,
                findings=self.findings,
                connections=connections,
                maps=maps,
                channels=self.channels(described),
                hides=self.providers.hides,
                hours=self.calendars is None or bool(self.calendars),
            ).check(rules)
        self.check_names(rules_document, rules, replies)
        wording.check(
            replies, self.documents, self.findings, wording.mouths(self.providers, connections),
            self.channels(described),
        )  # fmt: skip
        self.warn_of_unread()
        if self.findings.problems:
            raise ConfigError(self.findings.problems)
        named = {self.within(Path(one.label)): one for one in self.documents}
        changeable = {name: one for name, one in named.items() if _may_change(name)}
        return Config(
            connections=connections,
            sources={name: one for name, one in described.items() if one is not None},
            rules=rules,
            maps={name: map_ for name, map_ in maps.items() if map_ is not None},
            replies=replies,
            calendars=self.calendars or {},
            warnings=tuple(self.findings.warnings),
            hash=_hash(self.documents),
            files={name: one.raw.decode() for name, one in changeable.items()},
            version=_hash(changeable.values()),
        )

    def document(self, path: Path) -> Document | None:
        """The file at *path* as plain values, or None and a problem."""
        if not self.there(path):
            self.findings.problems.append(f"{path}: is missing; `bridge init` writes one")
            return None
        try:
            text = (self.files or {}).get(self.within(path))
            document = read(path) if text is None else parse(text.encode(), str(path))
        except Misread as error:
            line = f"{path}:{error.line}" if error.line else str(path)
            self.findings.problems.append(f"{line}: {error.sentence}")
            return None
        self.documents.append(document)
        return document

    def within(self, path: Path) -> str:
        """*path* as it is called in the folder."""
        return path.relative_to(self.folder).as_posix() if path.is_relative_to(self.folder) else ""

    def there(self, path: Path) -> bool:
        """Whether there is a file at *path*, in the folder or among those that stand in its place."""
        name = self.within(path)
        if self.files is not None and _may_change(name):
            return name in self.files
        return path.is_file()

    def loaded(self, document: Document, schema: Any) -> Any:
        """What *schema* makes of *document*, or None and its mistakes."""
        if document.data is None:
            self.findings.wrong(document, (), "is empty")
            return None
        try:
            read_by = schema.load if hasattr(schema, "load") else schema.deserialize
            return read_by(document.data)
        except ValidationError as error:
            self.findings.all_of(document, error.messages)
            return None

    # --- the files -----------------------------------------------------------------------------

    def described(self) -> dict[str, Described | None]:
        """The files in sources/, by name; None for one with mistakes."""
        taken = {*self.providers.sources, *self.providers.channels}
        found: dict[str, Described | None] = {}
        for name, path in sources.source_files(self.folder).items():
            document = self.document(path)
            found[name] = (
                sources.described_by(document, name, taken, self.findings) if document else None
            )
        return found

    def business_hours(self) -> dict[str, Calendar] | None:
        """The business hours by name, none without a file; None where it has mistakes."""
        path = self.folder / "calendars.yaml"
        if not self.there(path):
            return {}
        document = self.document(path)
        data = self.loaded(document, CALENDARS) if document else None
        if document and data and "default" not in data["calendars"]:
            told = "has no `default`: an account that names no calendar is always open"
            self.findings.doubtful(document, ("calendars",), told)
        return calendars_in(data) if data else None

    def connections(self, described: Mapping[str, Described | None]) -> dict[str, Connection]:
        path = self.folder / "connections.yaml"
        if not path.is_file():
            told = f"{path}: is missing, so nothing is connected; `bridge init` writes one"
            strict = self.findings.strict
            (self.findings.problems if strict else self.findings.warnings).append(told)
            return {}
        document = self.document(path)
        if document is None:
            return {}
        # A version that was published before there were calendars stays readable.
        known = self.calendars if self.calendars or self.files is None else None
        return read_connections(
            document, self.environ, self.providers, self.findings, described, known
        )

    def rules(self, document: Document) -> Rules:
        data = self.loaded(document, schemas.RULES)
        if data is None:
            return Rules()
        return rules_of(document, data, _hash([document]))

    def maps(self, connections: Mapping[str, Connection]) -> dict[str, HelpdeskMap | None]:
        """The map of each helpdesk connection; with none connected, of each type with a file."""
        wanted = {
            name: one.type
            for name, one in connections.items()
            if one.type in self.providers.helpdesks
        }
        if not connections:
            files = {name: self.folder / f"{name}.yaml" for name in self.providers.helpdesks}
            wanted = {name: name for name, file in files.items() if self.there(file)}
        found: dict[str, HelpdeskMap | None] = {}
        read_already: dict[Path, HelpdeskMap | None] = {}
        for name, type_ in wanted.items():
            paths = (self.folder / f"{one}.yaml" for one in (name, type_))
            path = next((path for path in paths if self.there(path)), None)
            if path is None:
                found[name] = HelpdeskMap()
                self.findings.warnings.append(
                    f"{self.folder / f'{type_}.yaml'}: is missing; {name} gets the plain defaults"
                )
                continue
            if path not in read_already:
                known = self.providers.helpdesks[type_]
                read_already[path] = self.map(self.document(path), known)
            found[name] = read_already[path]
        return found

    def map(self, document: Document | None, helpdesk: Options) -> HelpdeskMap | None:
        """The map in *document*, or None when it cannot be read; it may name what *helpdesk* takes."""
        data = self.loaded(document, schemas.HELPDESK) if document else None
        if document is None or data is None:
            return None
        said: list[tuple[Where, Any, tuple[str, ...]]] = [
            (("priorities", ours), theirs, helpdesk.priorities)
            for ours, theirs in data.get("priorities", {}).items()
        ]
        said += [
            (("types", ours), theirs, helpdesk.types)
            for ours, theirs in data.get("types", {}).items()
        ]
        said += [(("type",), data["type"], helpdesk.types)] if data.get("type") else []
        for where, theirs, known in said:
            if known and theirs not in known:
                told = f"{theirs!r} is not one of {', '.join(known)}{nearest(str(theirs), known)}"
                self.findings.wrong(document, where, told)
        hours = data.get("calendar")
        if hours and self.calendars is not None and hours not in self.calendars:
            self.findings.wrong(document, ("calendar",), no_calendar(hours, self.calendars))
        values: dict[str, Any] = {
            "fields" if key == "fields_" else key: value for key, value in data.items()
        }
        values["fields"] = {
            name: {"from" if key == "from_" else key: value for key, value in one.items()}
            for name, one in values.get("fields", {}).items()
        }
        if question := values.pop("csat", None):
            values["csat"] = Csat(**question)
        return HelpdeskMap(**values)

    def replies(self) -> Replies:
        texts: dict[str, dict[str, tuple[Variant, ...]]] = {}
        folder = self.folder / "replies"
        there = sorted(folder.glob("*.yaml")) if folder.is_dir() else []
        if self.files is not None:
            there = [
                self.folder / name for name in sorted(self.files) if name.startswith("replies/")
            ]
        for path in there:
            document = self.document(path)
            if document is None:
                continue
            if not LANGUAGE.fullmatch(path.stem):
                self.findings.wrong(document, (), "must be named for a language, such as en.yaml")
            data = self.loaded(document, schemas.REPLIES)
            if data is None:
                self.unread_languages = True
                continue
            texts[path.stem] = wording.variants(data)
            for told in problems(Replies(texts={path.stem: texts[path.stem]})):
                where, sentence = wording.place(told)
                self.findings.wrong(document, where, sentence)
        return Replies(texts=texts)

    # --- what they say about each other ----------------------------------------------------------

    def channels(self, described: Mapping[str, Described | None]) -> set[str] | None:
        """Every channel that a rule may ask for; None where a file that brings one cannot be read."""
        found = {*self.providers.channels, *LATER}
        for one in described.values():
            if one is None:
                return None
            found.add(one.channel)
        return found

    def check_names(self, rules_document: Document | None, rules: Rules, replies: Replies) -> None:
        """Every reply that a rule or a map names exists in every language."""
        if self.unread_languages:
            return
        used: list[tuple[Document, Where, str]] = []
        if rules_document is not None:
            used += [
                (rules_document, (*where, how), name)
                for where, one in spoken(rules)
                for how, name in ((one.visibility, one.name), ("line", one.line))
                if name
            ]
            used += [
                (rules_document, ("crowds", at, "then", "hold"), crowd.hold)
                for at, crowd in enumerate(rules.crowds)
                if crowd.hold
            ]
            if rules.overflow and rules.overflow.hold:
                used.append((rules_document, ("limits", OVERFLOW, "hold"), rules.overflow.hold))
        for document in self.documents:
            if document is rules_document or not isinstance(document.data, Mapping):
                continue
            notices, line = document.data.get("notices"), document.data.get("public_line")
            if isinstance(notices, Mapping):
                used += [
                    (document, ("notices", status), name)
                    for status, name in notices.items()
                    if isinstance(name, str)
                ]
            if isinstance(line, str):
                used.append((document, ("public_line",), line))
            question = document.data.get("csat")
            if isinstance(question, Mapping) and isinstance(question.get("ask"), str):
                used.append((document, ("csat", "ask"), question["ask"]))
        for document, where, name in used:
            lacking = [language for language, texts in replies.texts.items() if name not in texts]
            files = ", ".join(f"replies/{language}.yaml" for language in lacking)
            known = sorted({one for texts in replies.texts.values() for one in texts})
            if not replies.texts:
                self.findings.wrong(document, where, f"'{name}' stands in no replies/ file")
            elif lacking:
                self.findings.wrong(
                    document, where,
                    f"the reply '{name}' is missing in {files}"
                    f"{nearest(name, known) if name not in known else ''}",
                )  # fmt: skip

    def warn_of_unread(self) -> None:
        """A file with a misspelled name would be silently without effect."""
        labels = {document.label for document in self.documents}
        ours = {"connections.yaml", "connections.example.yaml", "rules.yaml"}
        ours |= {f"{name}.yaml" for name in self.providers.helpdesks}
        for path in sorted([*self.folder.glob("*.yaml"), *self.folder.glob("*.yml")]):
            if str(path) not in labels and path.name not in ours:
                self.findings.warnings.append(f"{path}: is read by nothing in this release")


def _may_change(name: str) -> bool:
    """Whether the file *name* of the folder may change while processes run.

    What is connected, and how a source proves itself, is settled at the start of a process.
    """
    return bool(name) and not name.startswith(("connections", "sources/", "packs/"))


def _hash(documents: Iterable[Document]) -> str:
    """A short name for exactly these files."""
    total = hashlib.sha256()
    for document in sorted(documents, key=lambda one: one.label):
        total.update(f"{Path(document.label).name}\0{len(document.raw)}\0".encode())
        total.update(document.raw)
    return total.hexdigest()[:12]
