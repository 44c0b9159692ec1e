"""What the files may say, as marshmallow schemas: unknown keys are refused, all errors collected.

A schema checks shapes and single values (`values.py`); what one file says about another is checked in `load.py`
and `ruling.py`. Each is built once, at import.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from bridge.config.values import (
    REQUIRED,
    Amount,
    Flag,
    Keys,
    Span,
    Strict,
    Table,
    Text,
    Texts,
    is_address,
    is_name,
    is_reply,
    is_tag,
    one_of,
)
from bridge.core import labels
from bridge.core.calendars import HOURS
from bridge.core.commands import duration
from bridge.core.conditions import Condition, condition
from bridge.core.facts import FIELDS, OPEN
from bridge.core.mistakes import Mistake, nearest
from bridge.core.model import Status
from bridge.core.replies import AGENT
from bridge.core.rules import HOUSE_RULES, PRIORITIES
from bridge.core.sync import MOMENTS
from bridge.core.targets import CLOCKS

is_status = one_of(*(status.value for status in Status if status is not Status.DELETED))


# --- rules.yaml ----------------------------------------------------------------------------------


class When(fields.Field[Condition]):
    """The conditions of a rule."""

    default_error_messages = {**REQUIRED, "null": "is empty: the last rule has no `when` at all"}  # noqa: RUF012

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

    default_error_messages = REQUIRED

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int | str:
        if isinstance(value, bool) or not isinstance(value, (int, str)) or not str(value).strip():
            raise ValidationError("must be an id")
        return value


class Group(Id):
    """The name of a group in the helpdesk's map, or its id."""


class Plain(fields.Field[Any]):
    """A text, number or true/false."""

    default_error_messages = REQUIRED

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, (str, int, float, bool)):
            raise ValidationError("must be a text, a number, or true or false")
        return value


COLLEAGUES = 10  # on one ticket: each gets mail
TYPES = ("question", "incident", "problem", "task")  # of tickets, as rules call them


class TicketSchema(Strict):
    looks = "{priority: high, tags: [late]}"

    helpdesk = Text()
    priority = Text(validate=one_of(*PRIORITIES))
    group = Group()
    type = Text(validate=one_of(*TYPES))
    tags = Texts(check=is_tag)
    fields_ = Table(Plain(), data_key="fields")
    collaborators = Texts(check=is_address)

    @validates_schema
    def _are_few(self, data: Mapping[str, Any], **_: Any) -> None:
        if len(data.get("collaborators", ())) > COLLEAGUES:
            told = f"are more than {COLLEAGUES}; for more people use a list's address"
            raise ValidationError(told, "collaborators")


class EscalateSchema(TicketSchema):
    reroute = Flag(load_default=False)

    @validates_schema
    def _goes_somewhere(self, data: Mapping[str, Any], **_: Any) -> None:
        if data.get("reroute") and not {"group", "priority"} & data.keys():
            raise ValidationError(
                "moves an open ticket, so say where: `group`, or `priority`", "reroute"
            )


class ReplySchema(Strict):
    looks = "{public: acknowledged}"

    public = Text()
    private = Text()
    once = Span()
    when = Text(validate=one_of(HOURS[1]))
    cooldown = Span()
    approve = Flag()
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

    default_error_messages = REQUIRED

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> dict[str, int]:
        if not isinstance(value, Mapping):
            names: tuple[str, ...] = Texts(check=is_name).deserialize(value)
            return dict.fromkeys(names, labels.USUAL)
        found: dict[str, int] = Table(Span(), key=is_name).deserialize(value)
        return found


class MeasuresSchema(Strict):
    looks = "{priority: urgent}"

    priority = Text(validate=one_of(*PRIORITIES))
    tags = Texts(check=is_tag)
    notify = Texts(check=is_name)
    note = Text()
    reply = Keys(ReplySchema)

    @validates_schema
    def _does_something(self, data: Mapping[str, Any], **_: Any) -> None:
        if not data:
            raise ValidationError("does nothing: it needs priority, tags, notify, note or reply")


class Measures(fields.Field[dict[str, Any]]):
    """What is done where a customer waits: keys with values, or a list of such, taken together."""

    default_error_messages = REQUIRED

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> dict[str, Any]:
        found: dict[str, Any] = {}
        wrong: dict[str | int, Any] = {}
        for number, one in enumerate(value if isinstance(value, list) else [value]):
            try:
                for name, said in _MEASURES.load(one).items():
                    if name in found and name not in ("tags", "notify"):
                        raise ValidationError({name: ["is said twice"]})
                    found[name] = (
                        (*found.get(name, ()), *said) if name in ("tags", "notify") else said
                    )
            except ValidationError as error:
                wrong[number] = error.messages
        if wrong:
            raise ValidationError(wrong if isinstance(value, list) else wrong[0])
        if not found:
            raise ValidationError("does nothing: it needs priority, tags, notify, note or reply")
        return found


_MEASURES = MeasuresSchema()


class Part(fields.Field[float | int]):
    """A part of a time: `75%` as 0.75, or a time such as 45m in seconds."""

    default_error_messages = REQUIRED

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float | int:
        percent = re.fullmatch(r"([1-9][0-9]?)\s*%", value) if isinstance(value, str) else None
        if percent:
            return int(percent[1]) / 100
        seconds = duration(value) if isinstance(value, str) else None
        if seconds is None:
            raise ValidationError(f"'{value}' is neither a part like 75% nor a time like 45m")
        return seconds


class TargetSchema(Strict):
    looks = "{first_answer: 60m}"

    first_answer = Span()
    clock = Text(validate=one_of(*CLOCKS))
    warn_at = Part()
    on_warn = Measures()
    on_breach = Measures()


class Target(fields.Field[dict[str, Any] | None]):
    """A target of answers, or false where there is to be none (None)."""

    default_error_messages = REQUIRED

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> dict[str, Any] | None:
        if value is False:
            return None
        if value is True:
            raise ValidationError("is false, or says what is promised: `{first_answer: 60m}`")
        found: dict[str, Any] = _TARGET.load(value)
        return found


_TARGET = TargetSchema()


class WaitSchema(Strict):
    looks = "{after: 30m, then: {priority: urgent}}"

    after = Span(required=True)
    clock = Text(validate=one_of(*CLOCKS))
    then = Measures(required=True)


class HideSchema(Strict):
    looks = "{because: hate}"

    because = Text(required=True, validate=one_of(*HOUSE_RULES))


class ThenSchema(Strict):
    looks = "{escalate: {priority: high}}"

    escalate = Keys(EscalateSchema)
    ignore = Text(validate=is_name)
    reply = Keys(ReplySchema)
    notify = Texts(check=is_name)
    label = Labels()
    target = Target()
    wait = fields.List(
        Keys(WaitSchema),
        error_messages={**REQUIRED, "invalid": "must be a list of steps, each `- after: 30m`"},
    )
    feedback = Texts(check=is_name)
    hide = Keys(HideSchema)
    approve = Text(validate=one_of("public"))
    go_on = Flag(data_key="continue", load_default=False)

    @validates_schema
    def _stands_together(self, data: Mapping[str, Any], **_: Any) -> None:
        if "escalate" in data and "ignore" in data:
            raise ValidationError("says `ignore` and `escalate`; only one of them can be", "ignore")
        opens = "escalate" in data or data.get("go_on")
        for name in ("target", "wait", "approve"):
            if name in data and not opens:
                raise ValidationError("says what is done with a ticket, and none is opened", name)
        if data.get("reply", {}).get("approve") and not opens:
            told = "waits on a ticket for a person's word, and none is opened: add `escalate`"
            raise ValidationError({"reply": {"approve": [told]}})
        if "ignore" in data and data.get("go_on"):
            raise ValidationError("`ignore` ends the matter, so it cannot continue", "continue")
        if not set(data) - {"go_on"}:
            raise ValidationError(
                "does nothing: it needs escalate, ignore, reply, notify, label, hide or feedback"
            )


class RuleSchema(Strict):
    name = Text(required=True, validate=is_name)
    when = When()
    then = Keys(ThenSchema, required=True)
    shadow = Flag(load_default=False)
    examples = fields.List(
        fields.Dict(error_messages={"invalid": "must be facts: `{{text: ..., gives: RULE}}`"}),
        load_default=list,
        error_messages={
            **REQUIRED,
            "invalid": "must be a list of examples, each `- {{text: ..., gives: RULE}}`",
        },
    )


class OverflowSchema(Strict):
    looks = "{incident: {priority: high}}"

    incident = Keys(EscalateSchema, required=True)
    hold = Text(validate=is_reply)
    notify = Texts(check=is_name)
    ends_after = Span(load_default=600)


class LimitsSchema(Strict):
    looks = "{public_replies_per_thread: 2}"

    public_replies_per_thread = Amount(1, 1000, whole=True)
    public_replies_per_post = Amount(1, 100_000, whole=True)
    same_answer_per_post = Amount(1, 100_000, whole=True)
    cooling = Span()
    second_person = Flag()
    escalations_per_minute = Amount(1, 10_000, whole=True)
    overflow = Keys(OverflowSchema)


class CrowdThenSchema(Strict):
    incident = Keys(TicketSchema, required=True)
    hold = Text(validate=is_reply)
    notify = Texts(check=is_name)
    quiet = Flag(load_default=False)


class CrowdSchema(Strict):
    name = Text(required=True, validate=is_name)
    when = When(required=True)
    per = Text(validate=one_of("rule", "post", "account"))
    over = Span(required=True)
    at_least = Amount(2, 10_000, whole=True, required=True)
    times_usual = Amount(1, 1000)
    then = Keys(CrowdThenSchema, required=True)
    ends_after = Span(load_default=3600)

    @validates_schema
    def _can_be_counted(self, data: Mapping[str, Any], **_: Any) -> None:
        if data.get("per") == "post" and "times_usual" in data:
            told = "cannot go with `per: post`: a post is too young to have a usual"
            raise ValidationError(told, "times_usual")
        if data.get("over", 0) > 86400:
            raise ValidationError("is longer than a day: a crowd is what comes at once", "over")


class RulesSchema(Strict):
    target = Target(load_default=dict)
    crowds = fields.List(
        Keys(CrowdSchema),
        load_default=list,
        error_messages={**REQUIRED, "invalid": "must be a list of crowds, each `- name: ...`"},
    )
    limits = Keys(LimitsSchema, load_default=dict)
    rules = fields.List(
        Keys(RuleSchema),
        required=True,
        validate=validate.Length(min=1, error="needs at least one rule"),
        error_messages={**REQUIRED, "invalid": "must be a list of rules, each `- name: ...`"},
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


class CsatSchema(Strict):
    looks = "{ask: satisfaction, after: 1h, answers: 3d}"

    ask = Text(required=True, validate=is_reply)
    after = Span(60)
    answers = Span(3600)


def _is_signature(value: str) -> None:
    if AGENT not in value or len(value) > 40 or "\n" in value:
        raise ValidationError(
            'needs {agent}, the agent\'s first name: "^{agent}"; 40 characters at most'
        )


class HelpdeskSchema(Strict):
    priorities = Table(Plain(), key=one_of(*PRIORITIES))
    types = Table(Plain(), key=one_of(*TYPES))
    groups = Table(Id())
    fields_ = Table(Keys(FieldSchema), data_key="fields")
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
    csat = Keys(CsatSchema, allow_none=True)
    calendar = Text(validate=is_name)
    hold_personal_data = Flag()
    our_contacts = Texts()
    signature = Text(allow_none=True, validate=_is_signature)


# --- replies/<language>.yaml -----------------------------------------------------------------------


class ChannelTextsSchema(Strict):
    """The words for one channel, in place of those for all."""

    named = Texts(load_default=())
    plain = Texts(required=True)


class ReplyTextsSchema(Strict):
    """Shapes only: what is wrong with the words, `core.replies.problems` says."""

    looks = 'plain: ["Hello."]'

    named = Texts(load_default=())
    plain = Texts(required=True)
    channels = Table(Keys(ChannelTextsSchema), load_default=dict)


RULES = RulesSchema()
HELPDESK = HelpdeskSchema()
REPLIES = Table(Keys(ReplyTextsSchema), key=is_reply)
