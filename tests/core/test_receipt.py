"""What became of an event, as the console, `bridge why` and the sandbox's page say it."""

import json

import pytest

from bridge.core import receipt, telling
from bridge.core.rules import Decision, Escalation, Hide, Reply, Tried

COMMENT = {"channel": "facebook", "kind": "comment", "change": "created", "text": "It broke"}
EDITED, DELETED = {**COMMENT, "change": "edited"}, {**COMMENT, "change": "deleted"}
DM = {**COMMENT, "channel": "telegram", "kind": "dm"}
OWN = {**COMMENT, "own": True}
ANSWER = {"comment": {"id": "1", "text": "Sorry", "public": True}}
NOTE = {"comment": {"id": "1", "text": "VIP"}}
SOLVED = {"status": "solved", "previous": "open"}
OPENED = {
    "rule": "refund",
    "outcome": "escalate",
    "ticket": "zendesk:7",
    "actions": [{"at": "", "what": "opened by rule refund", "result": "ok"}],
}
APPENDED = {"outcome": "append", "ticket": "zendesk:7"}
HIDE = {"hide": "hate", "rule": "slur"}
PRAISE = {"rule": "praise", "outcome": "ignore"}
CHATTER = {"rule": "opening-hours", "outcome": "reply"}
TELLS = {"rule": "press", "outcome": "notify"}


def said(kind, doc, state="done", reason="", **slip):
    fields = {"k": kind, "state": state, "reason": reason, "doc": json.dumps(doc), "at": "0"}
    return receipt.shown("e", {**fields, "receipt": receipt.pack(slip)})["sentence"]


@pytest.mark.parametrize(
    ("kind", "doc", "state", "reason", "slip", "sentence"),
    [
        ("m", COMMENT, "done", "hide", {"rule": "slur", "outcome": "hide"}, "A comment on Facebook is to be hidden, and needed no ticket: rule slur."),
        ("s", HIDE, "done", "hidden: hate", {}, "A comment was hidden on its platform, under the house rule 'hate'."),
        ("s", HIDE, "ignored", "not hidden: cannot_hide", {}, "The hiding of a comment was ignored: not hidden: cannot_hide."),
        ("u", ANSWER, "done", "held: personal_data", {}, "An agent's answer waits for the agent's word before all can read it, as the ticket says."),
        ("m", COMMENT, "done", "", OPENED, "A comment on Facebook opened ticket 7: rule refund."),
        ("m", COMMENT, "done", "", APPENDED, "A comment on Facebook was added to ticket 7."),
        ("m", DM, "done", "", APPENDED, "A private message on Telegram was added to ticket 7."),
        ("m", EDITED, "done", "", APPENDED, "An edited comment on Facebook was noted on ticket 7."),
        ("m", DELETED, "done", "", APPENDED, "A deleted comment on Facebook was noted on ticket 7."),
        ("m", OWN, "done", "", APPENDED, "The brand's own comment on Facebook was noted on ticket 7."),
        ("m", COMMENT, "done", "reply", CHATTER, "A comment on Facebook gets an automatic answer and no ticket: rule opening-hours."),
        ("m", COMMENT, "done", "notify", TELLS, "A comment on Facebook needed no ticket: rule press."),
        ("m", COMMENT, "done", "feedback", {"rule": "slow", "outcome": "feedback", "feedback": ["delivery", "price"]}, "A comment on Facebook counts as feedback on delivery, price: rule slow."),
        ("m", COMMENT, "ignored", "muted: a chain letter", {}, "A comment on Facebook was ignored: muted: a chain letter."),
        ("m", DM, "done", "", {"csat": 4, "ticket": "zendesk:7"}, "A private message on Telegram, an answer of 4 of 5, was added to ticket 7."),
        ("s", {"csat": "7", "reply": "satisfaction"}, "done", "delivered", {}, "The question of how content somebody is was sent to the customer."),
        ("m", COMMENT, "ignored", "praise", PRAISE, "A comment on Facebook was ignored: praise (rule praise)."),
        ("m", COMMENT, "ignored", "thanks on a closed ticket", {}, "A comment on Facebook was ignored: thanks on a closed ticket."),
        ("m", COMMENT, "ignored", "none", {"outcome": "none"}, "A comment on Facebook was ignored: no rule asks for a ticket."),
        ("m", OWN, "ignored", "own echo", {}, "The brand's own comment on Facebook was ignored: the bridge posted it itself."),
        ("m", {"channel": "telegram", "kind": "other"}, "ignored", "service message", {}, "An event on Telegram was ignored: service message."),
        ("m", COMMENT, "in_progress", "", {}, "A comment on Facebook is being worked on."),
        ("m", COMMENT, "parked", "", {}, "A comment on Facebook waits until its connection works again."),
        ("m", COMMENT, "dead", "refused: PUT /x answered 422.", {}, "A comment on Facebook was put aside for an operator: refused: PUT /x answered 422."),
        ("u", ANSWER, "done", "delivered", {}, "An agent's answer was posted to the customer."),
        ("u", ANSWER, "done", "not delivered: blocked", {}, "An agent's answer could not be delivered. The person has blocked us."),
        ("u", ANSWER, "ignored", "own write", {}, "A public comment was ignored: the bridge wrote it itself."),
        ("u", ANSWER, "ignored", "the customer's own words", {}, "A public comment was ignored: the customer's own words."),
        ("u", ANSWER, "ignored", "withdrawn before it was sent", {}, "An agent's answer was ignored: withdrawn before it was sent."),
        ("u", NOTE, "ignored", "private note", {}, "A private note stays on the ticket."),
        ("u", NOTE, "done", "/dm", {}, "A private note held the command /dm; the answer to it stands on the ticket."),
        ("u", SOLVED, "done", "notice solved", {}, "The ticket's change to solved will be told to the customer, in the words of 'solved'."),
        ("u", {"status": "on_hold"}, "ignored", "on_hold says nothing", {}, "The ticket's change to on hold is not told to the customer."),
        ("u", {}, "done", "merged into 9", {}, "The ticket was merged into 9."),
        ("u", {}, "done", "read", {}, "A change of the ticket came, and the ticket was read for what is new."),
        ("u", {}, "done", "the ticket was deleted", {}, "A change of the ticket was taken in: the ticket was deleted."),
        ("u", NOTE, "done", "taken back after it was sent", {}, "An answer was taken back after it was sent; the agent was told."),
        ("u", {}, "ignored", "not a ticket of ours", {}, "A change of the ticket was ignored: not a ticket of ours."),
        ("n", {"text": "x"}, "done", "", APPENDED, "A private note of the bridge was written on ticket 7."),
        ("n", {"text": "x"}, "ignored", "no open ticket for this note", {}, "A private note of the bridge was ignored: no open ticket for this note."),
        ("s", {"reply": "solved", "status": "solved"}, "done", "delivered", {}, "The notice 'solved' was sent to the customer."),
        ("s", {"reply": "hours"}, "done", "delivered", {}, "The automatic answer 'hours' was sent to the customer."),
        ("s", {"reply": "solved", "status": "solved"}, "ignored", "the status changed again", {}, "The notice 'solved' was ignored: the status changed again."),
        ("s", {"reply": "solved", "status": "solved"}, "ignored", "not delivered: window_closed", {}, "The notice 'solved' could not be delivered. The time in which the platform allows answers here is over."),
        ("u", NOTE, "done", "delivered", {}, "The template that a private note asked for was posted to the customer."),
        ("u", NOTE, "done", "not delivered: template_refused", {}, "The template that a private note asked for could not be delivered. The platform refused the template."),
        ("s", {"reply": "moved_to_private", "line": "1"}, "done", "delivered", {}, "The public line 'moved_to_private' was sent to the customer."),
        ("s", {"remind": "x"}, "done", "the agent was reminded", {}, "The agent was reminded that the time for an answer is about to end."),
        ("s", {"remind": "x"}, "ignored", "answered in time", {}, "A reminder for the agent was ignored: answered in time."),
        ("r", {}, "done", "not delivered: window_closed", {}, "The platform told that an answer did not arrive. The time in which the platform allows answers here is over."),
        ("r", {}, "ignored", "status: delivered", {}, "What the platform told of an answer was ignored: status: delivered."),
        ("i", {}, "ignored", "identity", {}, "A person's new id was ignored: identity."),
        ("t", {}, "done", "tagged", {}, "The name of a conversation that joined the ticket was left on it as a tag."),
        ("d", {}, "dead", "bad_json: the body is no JSON", {}, "A delivery was put aside for an operator: bad_json: the body is no JSON."),
    ],
)  # fmt: skip
def test_every_kind_and_state_reads_as_a_sentence(kind, doc, state, reason, slip, sentence):
    assert said(kind, doc, state, reason, **slip) == sentence


def test_a_channel_is_called_by_its_label():
    fields = {"k": "m", "state": "done", "doc": json.dumps({**COMMENT, "channel": "whatsapp"})}
    labelled = receipt.shown("e", fields, {"whatsapp": "WhatsApp"}.__getitem__)
    assert labelled["sentence"].startswith("A comment on WhatsApp ")


def test_a_held_notice_waits_for_the_customer_and_not_for_the_connection():
    held = {"k": "s", "state": "parked", "held": "2026-11-22", "doc": '{"reply": "solved", "status": "solved"}'}  # fmt: skip
    told = receipt.shown("e", held)["sentence"]
    assert told == "The notice 'solved' waits until the customer writes again."


@pytest.mark.parametrize("kind", ["m", "u", "n", "s", "r", "i", "t", "d", ""])
@pytest.mark.parametrize("state", ["in_progress", "parked", "done", "ignored", "dead"])
@pytest.mark.parametrize(
    "reason", ["", "something new", "not delivered: something_new", "crashed: X."]
)
def test_what_nobody_thought_of_still_ends_in_one_full_stop(kind, state, reason):
    told = said(kind, {}, state, reason)
    assert told.endswith(".")
    assert not told.endswith("..")
    assert ": ." not in told


def test_every_reason_of_a_failure_has_its_words():
    for code, words in telling.WAYS.items():
        assert said("u", ANSWER, "done", f"not delivered: {code}").endswith(f"{words}.")


# --- what is kept -----------------------------------------------------------------------------------


def test_a_receipt_comes_back_as_it_was_packed():
    slip = {"v": 1, "rule": "zwrot pieniędzy 🙂", "tried": [{"rule": "a", "matched": False}]}
    assert receipt.unpack(receipt.pack(slip)) == slip
    assert receipt.unpack(json.dumps(slip)) == slip
    assert receipt.unpack(None) == receipt.unpack("") == {}


def test_a_decision_is_kept_with_the_first_condition_each_rule_failed():
    decision = Decision(
        rule="refund",
        outcome="escalate",
        escalation=Escalation(),
        reason=None,
        tried=(
            Tried(rule="vip", matched=False, condition="author.followers at least 1000", value=3),
            Tried(rule="long", matched=False, condition="text contains x", value="y" * 500),
            Tried(rule="refund", matched=True, condition=None, value=None),
        ),
        rules=("refund",),
    )
    slip = receipt.of_decision(decision, "abc")
    assert slip["tried"][0]["failed"] == {"condition": "author.followers at least 1000", "value": 3}
    assert len(slip["tried"][1]["failed"]["value"]) == 120
    assert slip["tried"][2] == {"rule": "refund", "matched": True, "failed": None}


def test_what_the_rules_asked_for_beside_a_ticket_is_shown():
    decision = Decision(
        rule="slur", outcome="hide", replies=(Reply("private", "calm"),), notify=("team",),
        labels={"troll": 2592000}, feedback=("tone",), hide=Hide("hate", "slur"),
    )  # fmt: skip
    slip = receipt.pack(receipt.of_decision(decision, "abc"))
    assert receipt.shown("e", {"k": "m", "at": "0", "receipt": slip})["asked"] == [
        "says calm in private",
        "hides it under the house rule hate",
        "labels the author troll for 30 days",
        "counts it as feedback on tone",
        "notifies team",
    ]
    nothing = receipt.pack(receipt.of_decision(Decision(rule="all", outcome="ignore"), "abc"))
    assert receipt.shown("e", {"k": "m", "at": "0", "receipt": nothing})["asked"] == []


def test_what_a_person_has_to_approve_is_shown():
    replies = (Reply("private", "calm"), Reply("public", "thanks", approve=True))
    decision = Decision(rule="press", outcome="escalate", replies=replies, approve="press")
    slip = receipt.pack(receipt.of_decision(decision, "abc"))
    assert receipt.shown("e", {"k": "m", "at": "0", "receipt": slip})["asked"] == [
        "says calm in private",
        "says thanks in public, once a person has approved it",
        "lets agents' public answers wait until another agent approves them",
    ]


def test_what_is_shown_has_the_ticket_and_the_author_by_what_is_known():
    fields = {"k": "m", "state": "done", "doc": json.dumps({**COMMENT, "author": {"username": "ola"}}), "ticket": "desk:7"}  # fmt: skip
    one = receipt.shown("e", fields)
    assert (one["who"], one["ticket"], one["kind"]) == ("ola", "7", "comment")
    bare = receipt.shown("e", {})
    assert (bare["who"], bare["ticket"], bare["kind"]) == (None, None, None)


WAIT = {
    "wait": "2026-11-20T12:00:00+00:00", "due": "2026-11-20T13:00:00+00:00",
    "steps": [{"at": "2026-11-20T12:45:00+00:00", "then": {"priority": "high", "tags": ["soon"]}}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "doc", "state", "reason", "sentence"),
    [
        ("s", WAIT, "timer", "", "A customer waits for an answer since 2026-11-20 12:00 UTC, which is due by "
         "2026-11-20 13:00 UTC; next, at 2026-11-20 12:45 UTC: priority high or higher; tags soon."),
        ("s", {**WAIT, "steps": [], "due": None}, "timer", "", "A customer waits for an answer since 2026-11-20 12:00 UTC."),
        ("s", WAIT, "done", "answered after 12 min, in time", "A customer's wait for an answer ended: answered after 12 min, in time."),
        ("s", WAIT, "done", "merged into another ticket", "A customer's wait for an answer ended: merged into another ticket."),
        ("w", WAIT, "done", "tags late", "A step for a customer who waits was done: tags late."),
        ("w", WAIT, "ignored", "answered in the meantime", "A step for a customer who waits was ignored: answered in the meantime."),
        ("s", {"remind": "x"}, "timer", "", "A reminder for the agent waits for its time."),
    ],
)  # fmt: skip
def test_a_wait_is_told_with_what_comes_next_and_how_it_ended(kind, doc, state, reason, sentence):
    assert said(kind, doc, state, reason) == sentence
