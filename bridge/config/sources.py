"""sources/<name>.yaml: a tool that can POST JSON, described by where its fields are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path as File
from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from bridge.config.findings import Findings
from bridge.config.plain import Document, Where
from bridge.config.values import (
    NAME,
    REQUIRED,
    Strict,
    Table,
    Text,
    Texts,
    is_name,
    one_of,
    spelled,
    unknown_key,
)
from bridge.core import described
from bridge.core.described import Always, Described, Files, From, Hashed, Joined, Only, Sample
from bridge.core.line import line
from bridge.core.mistakes import Mistake, nearest
from bridge.core.model import Author, Change, Kind, Message, Visibility
from bridge.core.paths import Path, path

_FORMS = ("from", "body", "always", "join", "hash")
# What the engine itself writes among the further facts.
_OURS = frozenset({"app_id", "broken", "metadata"})


class Place(fields.Field[Path]):
    """A JMESPath."""

    default_error_messages = REQUIRED

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Path:
        if isinstance(value, (bool, int, float)):
            shown = str(value).lower() if isinstance(value, bool) else str(value)
            raise ValidationError(f"is no path; for a fixed value write {{always: {shown}}}")
        text: str = Text().deserialize(value)
        try:
            return path(text.strip())
        except Mistake as mistake:
            raise ValidationError(mistake.sentence) from None


class Places(fields.Field[tuple[Path, ...]]):
    """A list of JMESPaths."""

    default_error_messages = REQUIRED

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> tuple[Path, ...]:
        if not isinstance(value, list) or not value:
            raise ValidationError("must be a list of paths: [first_name, last_name]")
        found: list[Path] = []
        wrong: dict[str | int, Any] = {}
        for number, one in enumerate(value):
            try:
                found.append(Place().deserialize(one))
            except ValidationError as error:
                wrong[number] = error.messages
        if wrong:
            raise ValidationError(wrong)
        return tuple(found)


class Value(fields.Field[described.Value]):
    """One way to a value: a path, or `{from: path, ...}`, `{always: value}`, `{join: [...]}`, `{hash: [...]}`.

    Where the value is one of few words, *words* are these.
    """

    default_error_messages = REQUIRED

    def __init__(self, words: Iterable[str] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.words = tuple(words)

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> described.Value:
        if isinstance(value, Mapping):
            return self._of(value)
        if value in self.words:
            raise ValidationError(
                f"write {{always: {value}}} if it is always so, "
                f"{{from: {value}}} if the tool sends something under that name"
            )
        return From(path=Place().deserialize(value))

    def _of(self, written: Mapping[str, Any]) -> described.Value:
        form = next((one for one in _FORMS if one in written), None)
        if form is None:
            raise ValidationError(f"needs one of {', '.join(_FORMS)}")
        allowed = {"join": ["join", "with"], "from": ["from", "values", "default"],
                   "body": ["body", "values", "default"]}.get(form, [form])  # fmt: skip
        wrong: dict[str | int, Any] = {
            key: [unknown_key(key, allowed)] for key in written if key not in allowed
        }
        if wrong:
            raise ValidationError(wrong)
        if form == "always":
            return Always(self._fixed(written["always"], "always"))
        if form == "hash":
            return Hashed(_below(Places(), written, "hash"))
        if form == "join":
            glue = written.get("with", " ")
            if not isinstance(glue, str):
                raise ValidationError({"with": ["must be a text, such as ', '"]})
            return Joined(paths=_below(Places(), written, "join"), glue=glue)
        return From(
            path=_below(Place(), written, form),
            values=self._table(written["values"]) if "values" in written else None,
            default=self._fixed(written["default"], "default") if "default" in written else None,
            whole=form == "body",
        )

    def _table(self, written: Any) -> dict[str, Any]:
        if not isinstance(written, Mapping) or not written:
            raise ValidationError({"values": ["needs what is sent, and what it means: `{A: b}`"]})
        return {key: self._fixed(value, "values", key) for key, value in written.items()}

    def _fixed(self, value: Any, *where: str) -> Any:
        """A value that stands in the file itself."""
        told: Any = None
        if not isinstance(value, (str, int, float, bool)):
            told = ["must be a text, a number, or true or false"]
        elif self.words:
            try:
                one_of(*self.words)(value)
            except ValidationError as error:
                told = error.messages
        for key in reversed(where):
            told = {key: told} if told else None
        if told:
            raise ValidationError(told)
        return value


def _below(field: fields.Field[Any], written: Mapping[str, Any], key: str) -> Any:
    try:
        return field.deserialize(written[key])
    except ValidationError as error:
        raise ValidationError({key: error.messages}) from None


class AuthorSchema(Strict):
    id = Value()
    name = Value()
    username = Value()
    followers = Value()
    verified = Value()
    url = Value()


HOST = re.compile(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+")
_is_host = spelled(HOST, "is no host such as images.example.com (no https://, no path)")


class AttachmentsSchema(Strict):
    each = Place(required=True)
    type = Value()
    url = Value()
    name = Value()
    id = Value()
    hosts = Texts(check=_is_host)


FACT = re.compile(r"[a-z][a-z0-9_]{0,39}(\.[a-z][a-z0-9_]{0,39}){0,2}")


def _is_fact(name: str) -> None:
    spelled(FACT, "may hold small letters, digits and _ only, such as order_number")(name)
    if name in _OURS:
        raise ValidationError(f"'{name}' is a word of the bridge itself; take another")


class FieldsSchema(Strict):
    kind = Value([one.value for one in Kind], required=True)
    change = Value([one.value for one in Change])
    visibility = Value([one.value for one in Visibility])
    external_id = Value()
    thread_id = Value()
    in_reply_to = Value()
    account = Value()
    author = fields.Nested(AuthorSchema)
    own = Value()
    text = Value()
    permalink = Value()
    sent_at = Value()
    language = Value()
    sentiment = Value()
    attachments = fields.Nested(AttachmentsSchema)
    extra = Table(Value(), key=_is_fact)


_is_reason = spelled(re.compile(r"[^\n]{1,80}"), "must be one line of at most 80 characters")


class OnlySchema(Strict):
    when = Place(required=True)
    otherwise = Text(required=True, validate=_is_reason)


_is_label = spelled(re.compile(r"[^\n]{1,40}"), "must be one line of at most 40 characters")
_BLANK = Message(
    channel="", account_id=None, kind=Kind.OTHER, external_id=None, thread_id=None,
    visibility=Visibility.PUBLIC, author=None, dedupe="",
)  # fmt: skip
# What `bridge normalise` prints of an event, and so what an example may promise.
_SHOWN = [name for name in line(_BLANK) if name != "author"]
_SHOWN += [f"author.{name}" for name in Author.__slots__]


class SampleSchema(Strict):
    payload = fields.Raw(required=True, error_messages=REQUIRED)
    gives = fields.Raw(required=True, error_messages=REQUIRED)

    @validates_schema
    def _can_be_tried(self, data: Mapping[str, Any], **_: Any) -> None:
        wrong: dict[str, Any] = {}
        if not isinstance(data.get("payload"), (dict, list, str)):
            wrong["payload"] = ["must be what the tool posts: keys with values, or JSON as a text"]
        gives = data.get("gives")
        many = gives if isinstance(gives, list) else [gives]
        if not many or not all(isinstance(one, Mapping) and one for one in many):
            wrong["gives"] = ["must be what becomes of it: `{kind: review, external_id: ...}`"]
        else:
            told = {at: _unknown(one) for at, one in enumerate(many) if _unknown(one)}
            if told:
                wrong["gives"] = told if isinstance(gives, list) else told[0]
        if wrong:
            raise ValidationError(wrong)


def _unknown(gives: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: [f"'{name}' is no field of an event{nearest(name, _SHOWN)}"]
        for name in _flat(gives)
        if name not in _SHOWN and not name.startswith("extra.")
    }


def _flat(gives: Mapping[str, Any]) -> dict[str, Any]:
    """*gives* with `author: {name: ...}` as `author.name`, and `extra` likewise."""
    found: dict[str, Any] = {}
    for name, value in gives.items():
        if name in ("author", "extra") and isinstance(value, Mapping):
            found |= {f"{name}.{key}": one for key, one in value.items()}
        else:
            found[name] = value
    return found


class SourceSchema(Strict):
    label = Text(required=True, validate=_is_label)
    channel = Text(validate=is_name)
    events = Place()
    only_ = fields.List(
        fields.Nested(OnlySchema), data_key="only", error_messages={"invalid": "must be a list"}
    )
    fields_ = fields.Nested(FieldsSchema, data_key="fields", required=True,
                            error_messages=REQUIRED)  # fmt: skip
    examples = fields.List(
        fields.Nested(SampleSchema), error_messages={"invalid": "must be a list"}
    )


SOURCE = SourceSchema()


def source_files(folder: File) -> dict[str, File]:
    """The files of sources in the mappings *folder*, by the name they are called by."""
    return {one.stem: one for one in sorted((folder / "sources").glob("*.yaml"))}


def described_by(
    document: Document, name: str, taken: Iterable[str], findings: Findings
) -> Described | None:
    """What *document* describes; None where it has mistakes, which go to *findings*.

    `taken` are the channels and sources that the bridge has of its own.
    """
    if document.data is None:
        findings.wrong(document, (), "is empty")
        return None
    if not NAME.fullmatch(name) or name in taken:
        told = "is a name of the bridge itself" if name in taken else "is no name for a source"
        findings.wrong(document, (), f"'{name}' {told}: rename the file (small letters, digits, -)")
        return None
    try:
        data: dict[str, Any] = SOURCE.load(document.data)
    except ValidationError as error:
        findings.all_of(document, error.messages)
        return None
    channel = data.get("channel", name)
    if channel in taken:
        findings.wrong(
            document,
            ("channel",),
            f"'{channel}' is a channel of the bridge itself; take another, such as {channel}-{name}",
        )
        return None
    values = dict(data["fields_"])
    author = {f"author.{key}": one for key, one in values.pop("author", {}).items()}
    attachments, extra = values.pop("attachments", None), values.pop("extra", {})
    return Described(
        name=name,
        label=data["label"].strip(),
        channel=channel,
        events=data.get("events"),
        only=tuple(
            Only(when=one["when"], reason=one["otherwise"]) for one in data.get("only_", ())
        ),
        fields={**values, **author},
        extra=extra,
        files=Files(**attachments) if attachments else None,
        samples=tuple(
            _sample(document, ("examples", at), one)
            for at, one in enumerate(data.get("examples", ()))
        ),
        file=document.label,
    )


def _sample(document: Document, where: Where, data: Mapping[str, Any]) -> Sample:
    payload, gives = data["payload"], data["gives"]
    body = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
    return Sample(
        payload=body.encode("utf-8", "surrogatepass"),
        gives=tuple(_flat(one) for one in (gives if isinstance(gives, list) else [gives])),
        line=document.line(where),
    )
