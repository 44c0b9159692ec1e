"""What the files may say, as marshmallow schemas: unknown keys are refused, all errors collected.

A schema checks shapes and single values; what one file says about another is checked in `load.py` and `ruling.py`.
Each is built once, at import.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from bridge.core import labels
from bridge.core.commands import duration
from bridge.core.conditions import Condition, condition
from bridge.core.facts import FIELDS, OPEN
from bridge.core.mistakes import Mistake, nearest
from bridge.core.model import Status
from bridge.core.rules import PRIORITIES
from bridge.core.sync import MOMENTS

NAME = re.compile(r"[a-z0-9-]{1,64}")
REPLY = re.compile(r"[a-z0-9_-]{1,64}")
CONNECTION = re.compile(r"[a-z0-9_-]{1,64}")
LANGUAGE = re.compile(r"[a-z]{2,3}")
TAG = re.compile(r"\S{1,255}")
_UNKNOWN = "\0unknown"


class Strict(Schema):
    """A schema that names unknown keys together with the nearest known one."""

    class Meta:
        unknown = RAISE

    error_messages = {  # noqa: RUF012 -- marshmallow's way
        "unknown": _UNKNOWN,
        "type": "needs keys with values below it (`key: value`)",
    }

    def handle_error(self, error: ValidationError, data: Any, *, many: bool, **_: Any) -> None:
        """Put a sentence in the place of marshmallow's bare 'unknown field'."""
        messages: Any = error.messages
        known = [field.data_key or name for name, field in self.fields.items()]
        for entry in messages.values() if many else (messages,):
            for key, told in entry.items() if isinstance(entry, dict) else ():
                if told == [_UNKNOWN]:
                    entry[key] = [unknown_key(str(key), known)]


def unknown_key(key: str, known: Iterable[str]) -> str:
    """The sentence for a key that nobody reads."""
    known = list(known)
    return f"'{key}' is not known here{nearest(key, known) or '; known: ' + ', '.join(known)}"


_REQUIRED: dict[str, Any] = {"required": "is missing", "null": "is empty"}


class Text(fields.String):
    """A text; a number or true is refused with the advice to quote it."""

    default_error_messages = {**_REQUIRED, "invalid": "must be a text"}  # noqa: RUF012

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if isinstance(value, (bool, int, float)):
            shown = str(value).lower() if isinstance(value, bool) else str(value)
            raise ValidationError(f'is {shown}, not a text; put it in quotes: "{shown}"')
        text = super()._deserialize(value, attr, data, **kwargs)
        if not text.strip():
            raise ValidationError("is empty")
        return text


class Flag(fields.Field[bool]):
    """true or false, and nothing that only looks like it."""

    default_error_messages = _REQUIRED

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("must be true or false")
        return value


class Amount(fields.Field[float]):
    """A number from *least* to *most*; whole where *whole*."""

    default_error_messages = _REQUIRED

    def __init__(self, least: float, most: float, *, whole: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.least, self.most, self.whole = least, most, whole

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
        kinds: tuple[type, ...] = (int,) if self.whole else (int, float)
        fits = isinstance(value, kinds) and not isinstance(value, bool)
        if not fits or not self.least <= value <= self.most:
            kind = "whole number" if self.whole else "number"
            raise ValidationError(f"must be a {kind} from {self.least:g} to {self.most:g}")
        return int(value) if self.whole else float(value)


class Span(fields.Field[int]):
    """A time such as 30d, 12h or "1d 12h", in seconds."""

    default_error_messages = _REQUIRED

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        seconds = duration(value) if isinstance(value, str) else None
        if seconds is None:
            raise ValidationError(f"'{value}' is no time like 30d, 12h or 15m")
        return seconds


class Texts(fields.Field[tuple[str, ...]]):
    """A list of texts; a single one counts as a list of one. A mistake names its place."""

    default_error_messages = _REQUIRED

    def __init__(self, check: Callable[[str], None] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.check = check

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> tuple[str, ...]:
        many = value if isinstance(value, list) else [value]
        wrong: dict[str | int, Any] = {}
        for number, one in enumerate(many):
            try:
                Text().deserialize(one)
                if self.check is not None:
                    self.check(one)
            except ValidationError as error:
                wrong[number] = error.messages
        if wrong:
            raise ValidationError(wrong if isinstance(value, list) else wrong[0])
        return tuple(many)


class Table(fields.Field[dict[str, Any]]):
    """Keys of anybody's choice, each value read by *values*, each key checked by *key*."""

    default_error_messages = _REQUIRED

    def __init__(
        self,
        values: fields.Field[Any],
        key: Callable[[str], None] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.values, self.key = values, key

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise ValidationError("needs keys with values below it (`key: value`)")
        found: dict[str, Any] = {}
        wrong: dict[str | int, Any] = {}
        for name, one in value.items():
            try:
                if self.key is not None:
                    self.key(name)
                found[name] = self.values.deserialize(one, name, value)
            except ValidationError as error:
                wrong[name] = error.messages
        if wrong:
            raise ValidationError(wrong)
        return found


def one_of(*choices: str) -> Callable[[Any], None]:
    """A check that a value is one of *choices*; names the nearest."""

    def check(value: Any) -> None:
        if value not in choices:
            raise ValidationError(
                f"'{value}' is not one of {', '.join(choices)}{nearest(str(value), choices)}"
            )

    return check


def spelled(pattern: re.Pattern[str], advice: str) -> Callable[[str], None]:
    """A check that a value is spelled as *pattern* says."""

    def check(value: str) -> None:
        if not pattern.fullmatch(value):
            raise ValidationError(f"'{value[:80]}' {advice}")

    return check


is_name = spelled(NAME, "may hold small letters, digits and - only, 64 at most")
is_reply = spelled(REPLY, "may hold small letters, digits, - and _ only, 64 at most")
is_tag = spelled(TAG, "is no tag: no spaces, 255 characters at most")
is_status = one_of(*(status.value for status in Status if status is not Status.DELETED))


# --- rules.yaml ----------------------------------------------------------------------------------


class When(fields.Field[Condition]):
    """The conditions of a rule."""

    default_error_messages = {**_REQUIRED, "null": "is empty: the last rule has no `when` at all"}  # noqa: RUF012

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Condition:
        try:
            return condition(value)
        except Mistake as mistake:
            messages: Any = [mistake.sentence]
            for key in reversed(mistake.path):
                messages = {key: messages}
            raise ValidationError(messages) from None


class Id(fields.Field[int | str]):
    """An id of the helpdesk: digits, quoted or not."""

    default_error_messages = _REQUIRED

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int | str:
        if isinstance(value, bool) or not isinstance(value, (int, str)) or not str(value).strip():
            raise ValidationError("must be an id")
        return value


class Group(Id):
    """The name of a group in the helpdesk's map, or its id."""


class Plain(fields.Field[Any]):
    """A text, number or true/false."""

    default_error_messages = _REQUIRED

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, (str, int, float, bool)):
            raise ValidationError("must be a text, a number, or true or false")
        return value


TYPES = ("question", "incident", "problem", "task")  # of tickets, as rules call them


class EscalateSchema(Strict):
    helpdesk = Text()
    priority = Text(validate=one_of(*PRIORITIES))
    group = Group()
    type = Text(validate=one_of(*TYPES))
    tags = Texts(check=is_tag)
    fields_ = Table(Plain(), data_key="fields")


class ReplySchema(Strict):
    public = Text()
    private = Text()
    once = Span()
    line = Text(validate=is_reply, allow_none=True)

    @validates_schema
    def _says_something(self, data: Mapping[str, Any], **_: Any) -> None:
        if not {"public", "private"} & data.keys():
            raise ValidationError("needs `public: NAME` or `private: NAME`")
        if "line" in data and "private" not in data:
            raise ValidationError(
                "stands beside `private:`; it is said in public where that is read by one", "line"
            )


class Labels(fields.Field[dict[str, int]]):
    """Labels for the author and for how many seconds: `vip`, `[vip, press]` or `{troll: 30d}`."""

    default_error_messages = _REQUIRED

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> dict[str, int]:
        if not isinstance(value, Mapping):
            names: tuple[str, ...] = Texts(check=is_name).deserialize(value)
            return dict.fromkeys(names, labels.USUAL)
        written: dict[str, str] = Table(Text(), key=is_name).deserialize(value)
        wrong: dict[str | int, Any] = {
            name: [f"'{time}' is no time like 30d or 12h"]
            for name, time in written.items()
            if duration(time) is None
        }
        if wrong:
            raise ValidationError(wrong)
        return {name: duration(time) or 0 for name, time in written.items()}


class ThenSchema(Strict):
    escalate = fields.Nested(EscalateSchema)
    ignore = Text(validate=is_name)
    reply = fields.Nested(ReplySchema)
    notify = Texts(check=is_name)
    label = Labels()
    go_on = Flag(data_key="continue", load_default=False)

    @validates_schema
    def _stands_together(self, data: Mapping[str, Any], **_: Any) -> None:
        if "escalate" in data and "ignore" in data:
            raise ValidationError("says `ignore` and `escalate`; only one of them can be", "ignore")
        if "ignore" in data and data.get("go_on"):
            raise ValidationError("`ignore` ends the matter, so it cannot continue", "continue")
        if not set(data) - {"go_on"}:
            raise ValidationError("does nothing: it needs escalate, ignore, reply, notify or label")


class RuleSchema(Strict):
    name = Text(required=True, validate=is_name)
    when = When()
    then = fields.Nested(ThenSchema, required=True, error_messages=_REQUIRED)
    shadow = Flag(load_default=False)
    examples = fields.List(
        fields.Dict(error_messages={"invalid": "must be facts: `{{text: ..., gives: RULE}}`"}),
        load_default=list,
        error_messages={"invalid": "must be a list of examples"},
    )


class LimitsSchema(Strict):
    public_replies_per_thread = Amount(1, 1000, whole=True)
    public_replies_per_post = Amount(1, 100_000, whole=True)
    same_answer_per_post = Amount(1, 100_000, whole=True)
    cooling = Span()


class RulesSchema(Strict):
    limits = fields.Nested(LimitsSchema, load_default=dict)
    rules = fields.List(
        fields.Nested(RuleSchema),
        required=True,
        validate=validate.Length(min=1, error="needs at least one rule"),
        error_messages={**_REQUIRED, "invalid": "must be a list of rules, each `- name: ...`"},
    )


# --- <helpdesk>.yaml -----------------------------------------------------------------------------


class FieldSchema(Strict):
    id = Id(required=True)
    values = Table(Plain())
    from_ = Text(data_key="from")

    @validates_schema
    def _is_a_fact(self, data: Mapping[str, Any], **_: Any) -> None:
        fact = data.get("from_")
        if fact and fact not in FIELDS and not fact.startswith(OPEN):
            raise ValidationError(f"'{fact}' is no fact we know{nearest(fact, FIELDS)}", "from")


class HelpdeskSchema(Strict):
    priorities = Table(Plain(), key=one_of(*PRIORITIES))
    types = Table(Plain(), key=one_of(*TYPES))
    groups = Table(Id())
    fields_ = Table(fields.Nested(FieldSchema), data_key="fields")
    statuses = Table(Text(validate=is_status))
    notices = Table(Text(validate=is_reply, allow_none=True), key=one_of(*MOMENTS))
    debounce = Amount(0, 3600)
    tags = Texts(check=is_tag)
    reopen_days = Amount(0, 3650)
    type = Text(allow_none=True)
    subject_limit = Amount(20, 255, whole=True)
    join_dms = Flag()
    remind_hours = Amount(0, 168)
    public_line = Text(validate=is_reply, allow_none=True)
    withdrawn = Text(validate=one_of("report", "delete"))


# --- replies/<language>.yaml -----------------------------------------------------------------------


class ReplyTextsSchema(Strict):
    """Shapes only: what is wrong with the words, `core.replies.problems` says."""

    named = Texts(load_default=())
    plain = Texts(required=True)


RULES = RulesSchema()
HELPDESK = HelpdeskSchema()
REPLIES = Table(fields.Nested(ReplyTextsSchema), key=is_reply)
