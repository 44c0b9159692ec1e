"""What we say to WhatsApp, word for word, what its answers mean, and how people are told apart."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from support.platforms import SECRETS, Played, meta, said

from bridge.channels import CHANNELS, SOURCES, whatsapp
from bridge.channels.envelope import Entry
from bridge.core.errors import (
    Ambiguous,
    AuthError,
    BridgeError,
    PermanentError,
    TransientError,
    Unsupported,
)
from bridge.core.model import (
    Account,
    Attachment,
    Connection,
    Delivery,
    Message,
    Outgoing,
    Secret,
    Target,
    Template,
    Visibility,
)
from bridge.core.telling import WAYS

NUMBER, OWNER = "106000000000001", "102000000000001"
PHONE, BSUID, GROUP = "48600100200", "PL.1000000000000007", "Y2FwaV9ncm91cDox"
WAMID = "wamid.HBgLNDg2MDAxMDAyMDA="  # holds the number, as real ones do
ACCOUNT = Account(
    channel="whatsapp",
    id=NUMBER,
    name="Acme",
    token=Secret(SECRETS["page"]),
    options={"business_account": OWNER},
)
WORDS = Outgoing(text="We are sorry.\nIt is on its way.", marker="0f.1")
SENT = said(200, {"messaging_product": "whatsapp", "messages": [{"id": "wamid.o"}]})
MARK = {"messaging_product": "whatsapp", "biz_opaque_callback_data": "0f.1"}


def connection(**options: Any) -> Connection:
    return replace(meta(**options), accounts=(ACCOUNT,))


def target(**more: Any) -> Target:
    known: dict[str, Any] = {
        "account_id": NUMBER,
        "thread_id": f"{NUMBER}:{PHONE}",
        "person_id": PHONE,
        "item_id": WAMID,
    }
    return Target(connection=connection(), account=ACCOUNT, channel="whatsapp", **(known | more))


IN_GROUP = target(thread_id=f"{NUMBER}:{GROUP}", answer={"group_id": GROUP})


def parsed(field: str, **value: Any) -> list[Message]:
    """The events of one change; its number is ours."""
    told = {"metadata": {"phone_number_id": NUMBER}, **value}
    change = {"field": field, "value": told}
    body = {"object": "whatsapp_business_account", "entry": [{"id": OWNER, "changes": [change]}]}
    at = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
    return SOURCES["meta"].parse(
        Delivery(connection="m", source="meta", body=json.dumps(body).encode(), received_at=at)
    )


def failed(*errors: object) -> Message:
    (message,) = parsed(
        "messages", statuses=[{"id": WAMID, "status": "failed", "errors": list(errors)}]
    )
    return message


# --- sending -----------------------------------------------------------------------------------


class TestWords:
    def test_go_to_a_number_and_quote_what_they_answer(self) -> None:
        played = Played(SENT)
        assert played.drive(whatsapp.post(target(), WORDS)) == "wamid.o"
        (request,) = played.requests
        assert request.url == f"https://graph.facebook.com/v25.0/{NUMBER}/messages"
        assert request.headers == {"authorization": f"Bearer {SECRETS['page']}"}
        assert request.json == {
            **MARK,
            "recipient_type": "individual",
            "to": PHONE,
            "type": "text",
            "text": {"body": WORDS.text, "preview_url": False},
            "context": {"message_id": WAMID},
        }

    def test_go_to_a_person_without_a_number_as_recipient_and_never_as_to(self) -> None:
        for known in (BSUID, "US.ENT.11815799212886844830"):
            played = Played(SENT)
            played.drive(whatsapp.post(target(person_id=known), WORDS))
            body = played.requests[0].json
            assert body["recipient"] == known
            assert "to" not in body

    def test_go_to_the_new_id_of_somebody_who_has_another_now(self) -> None:
        played = Played(SENT)
        played.drive(whatsapp.post(target(person_id="48600100299"), WORDS))
        assert played.requests[0].json["to"] == "48600100299"

    def test_go_to_the_group_in_public_and_to_the_person_alone_in_private(self) -> None:
        group, alone = Played(SENT), Played(SENT)
        group.drive(whatsapp.post_in_group(IN_GROUP, WORDS))
        alone.drive(whatsapp.post(IN_GROUP, WORDS))
        public, private = group.requests[0].json, alone.requests[0].json
        assert (public["recipient_type"], public["to"]) == ("group", GROUP)
        assert public["context"] == {"message_id": WAMID}
        assert (private["recipient_type"], private["to"]) == ("individual", PHONE)
        assert "context" not in private, "what was said in a group is unknown outside of it"

    def test_go_nowhere_when_it_is_not_known_to_whom(self) -> None:
        for calls in (
            whatsapp.post(target(person_id=None), WORDS),
            whatsapp.post_in_group(target(), WORDS),
        ):
            with pytest.raises(Unsupported) as refused:
                Played().drive(calls)
            assert refused.value.code == "nobody_to_answer"

    def test_are_in_doubt_when_the_yes_names_no_message(self) -> None:
        for answer in ({}, {"messages": []}, {"messages": [{}]}, {"messages": "x"}):
            with pytest.raises(Ambiguous):
                Played(said(200, answer)).drive(whatsapp.post(target(), WORDS))

    def test_have_a_day_and_no_longer_window_for_people(self) -> None:
        for visibility in Visibility:
            voice = CHANNELS["whatsapp"].voice(visibility, {})
            assert voice is not None
            can = voice.capabilities
            assert (can.max_length, can.measure, can.window) == (4096, "characters", 86400)
            assert can.human_window is None
            assert voice.look is None
            assert voice.echo == 60


class TestTemplate:
    def send(self, template: Template, where: Target | None = None) -> dict[str, Any]:
        played = Played(SENT)
        said_so = replace(WORDS, template=template)
        assert played.drive(whatsapp.post_template(where or target(), said_so)) == "wamid.o"
        body: dict[str, Any] = played.requests[0].json
        return body

    def test_goes_with_its_values_in_order(self) -> None:
        body = self.send(Template(name="order_update", language="en", values=("Ana", "A\t 1\n")))
        assert body == {
            **MARK,
            "recipient_type": "individual",
            "to": PHONE,
            "type": "template",
            "template": {
                "name": "order_update",
                "language": {"code": "en"},
                "components": [
                    {
                        "type": "body",
                        "parameters": [
                            {"type": "text", "text": "Ana"},
                            {"type": "text", "text": "A 1"},
                        ],
                    }
                ],
            },
        }

    def test_has_no_components_without_values(self) -> None:
        body = self.send(Template(name="hello_world", language="en_US"))
        assert body["template"] == {"name": "hello_world", "language": {"code": "en_US"}}

    def test_goes_to_the_group_that_the_customer_wrote_in(self) -> None:
        body = self.send(Template(name="hello_world", language="en"), IN_GROUP)
        assert (body["recipient_type"], body["to"]) == ("group", GROUP)

    def test_is_never_made_of_words(self) -> None:
        with pytest.raises(Unsupported):
            Played().drive(whatsapp.post_template(target(), WORDS))

    def test_knows_no_window(self) -> None:
        voice = CHANNELS["whatsapp"].template
        assert voice is not None
        assert voice.capabilities.window is None


REFUSALS = [
    (131047, PermanentError, "window_closed"),
    (131026, PermanentError, "person_unavailable"),
    (131030, PermanentError, "person_unavailable"),
    (131050, PermanentError, "person_unavailable"),
    (131062, PermanentError, "refused"),
    (131031, PermanentError, "no_permission"),
    (368, PermanentError, "no_permission"),
    (132001, PermanentError, "template_refused"),
    (190, AuthError, "token_refused"),
    (0, AuthError, "token_refused"),
    (130429, TransientError, "rate_limited"),
    (131056, TransientError, "rate_limited"),
    (131048, TransientError, "rate_limited"),
    (131000, Ambiguous, "server_error"),
]


@pytest.mark.parametrize(("code", "verdict", "named"), REFUSALS)
def test_a_refusal_is_told_by_its_code_and_shows_neither_number_nor_message(
    code: int, verdict: type[BridgeError], named: str
) -> None:
    told = {"code": code, "message": f"to {PHONE}", "error_data": {"details": WAMID}}
    with pytest.raises(verdict) as refused:
        Played(said(400, {"error": told})).drive(whatsapp.post(target(), WORDS))
    assert refused.value.code == named
    shown = f"{refused.value!r} {refused.value.detail}"
    assert not [one for one in (PHONE, WAMID, SECRETS["page"]) if one in shown]


# --- states ------------------------------------------------------------------------------------


class TestStates:
    @pytest.mark.parametrize(("code", "verdict", "named"), REFUSALS)
    def test_a_late_refusal_means_what_the_same_one_means_at_once(
        self, code: int, verdict: type[BridgeError], named: str
    ) -> None:
        told = failed({"code": code, "title": f"to {PHONE}", "error_data": {"details": WAMID}})
        assert told.report is not None
        assert told.report.code == named
        assert told.report.detail.endswith(f"WhatsApp reported error {code}")
        assert "Meta answered" not in told.report.detail, "nobody had asked"
        assert PHONE not in told.report.detail

    def test_the_common_ones_are_told_to_agents_in_known_words(self) -> None:
        for code in (131047, 131026, 368, 131031):
            report = failed({"code": code}).report
            assert report is not None
            assert report.code in WAYS

    def test_a_failure_without_a_readable_reason_is_one_all_the_same(self) -> None:
        for errors in ((), ({},), ("x",), ({"code": "131047"},), ({"code": True},)):
            report = failed(*errors).report
            assert report is not None
            assert (report.state, report.code) == ("failed", "refused")

    def test_the_same_state_twice_is_one_event_and_two_states_are_two(self) -> None:
        states = [{"id": "wamid.1", "status": one} for one in ("sent", "sent", "delivered")]
        first, again, other = parsed("messages", statuses=states)
        assert first.dedupe == again.dedupe != other.dedupe

    def test_a_state_of_tomorrow_is_ignored_and_reports_nothing(self) -> None:
        for word in ("warning", "deleted", "teleported", 7, None):
            (told,) = parsed("messages", statuses=[{"id": "wamid.1", "status": word}])
            assert told.ignored
            assert told.report is None


# --- people ------------------------------------------------------------------------------------


def text(**who: str) -> dict[str, Any]:
    return {"id": "wamid.1", "type": "text", "text": {"body": "Hi"}, **who}


class TestPeople:
    def test_somebody_first_without_and_then_with_a_number_shares_an_id(self) -> None:
        (first,) = parsed("messages", messages=[text(from_user_id=BSUID)])
        both = text(from_user_id=BSUID) | {"from": PHONE}
        (later,) = parsed("messages", messages=[both])
        assert first.person == BSUID
        assert (later.person, later.aliases) == (PHONE, (BSUID,))
        assert later.known_as(BSUID).conversation == first.conversation

    def test_another_id_moves_a_talk_but_not_a_group(self) -> None:
        both = text(from_user_id=BSUID) | {"from": PHONE}
        (alone,) = parsed("messages", messages=[both])
        (in_group,) = parsed("messages", messages=[both | {"group_id": GROUP}])
        assert alone.known_as(BSUID).thread_id == f"{NUMBER}:{BSUID}"
        assert in_group.known_as(BSUID).thread_id == f"{NUMBER}:{GROUP}"

    def test_a_taken_back_message_and_an_echo_belong_to_the_talk_that_neither_names(self) -> None:
        (said_first,) = parsed("messages", messages=[text() | {"from": PHONE}])
        revoke = {"id": "wamid.2", "type": "revoke", "revoke": {"original_message_id": "wamid.1"}}
        (gone,) = parsed("messages", messages=[revoke | {"from": PHONE}])
        (echo,) = parsed("smb_message_echoes", message_echoes=[text(to=PHONE) | {"from": "48221"}])
        assert gone.external_id == said_first.external_id
        assert {gone.conversation, echo.conversation} == {said_first.conversation}

    def test_a_stranger_is_not_given_the_only_contacts_name(self) -> None:
        contacts = [{"wa_id": "48699999999", "profile": {"name": "Somebody Else"}}]
        (told,) = parsed("messages", contacts=contacts, messages=[text() | {"from": PHONE}])
        assert told.author is not None
        assert told.author.name is None

    def test_two_people_in_one_delivery_keep_their_own_names(self) -> None:
        contacts = [
            {"user_id": BSUID, "profile": {"name": "Tom Sample"}},
            {"wa_id": PHONE, "profile": {"name": "Ana Example"}},
        ]
        items = [text() | {"from": PHONE}, text(from_user_id=BSUID) | {"id": "wamid.2"}]
        told = parsed("messages", contacts=contacts, messages=items)
        assert [one.author and one.author.name for one in told] == ["Ana Example", "Tom Sample"]

    def test_a_checked_identity_with_a_number_written_otherwise_is_no_new_number(self) -> None:
        system = {"type": "customer_identity_changed", "wa_id": "5491100000000"}
        item = {"id": "wamid.1", "type": "system", "system": system, "from": "541100000000"}
        (told,) = parsed("messages", messages=[item])
        assert told.renamed is None


# --- files -------------------------------------------------------------------------------------

PICTURE = Attachment(type="image", id="41")
LINK = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=41&hash=canary"


def fetch(attachment: Attachment, *answers: Any, **options: Any) -> tuple[Any, Played]:
    played = Played(*answers)
    return played.drive(whatsapp.fetch(connection(**options), ACCOUNT, attachment)), played


class TestFiles:
    def test_a_file_is_asked_for_by_its_id_and_fetched_with_our_token(self) -> None:
        found = said(200, b"bytes", content_type="image/jpeg")
        file, played = fetch(PICTURE, said(200, {"url": LINK, "id": "41"}), found)
        assert (file.name, file.media_type, file.content) == ("image.jpg", "image/jpeg", b"bytes")
        asked, download = played.requests
        assert asked.url == "https://graph.facebook.com/v25.0/41"
        assert (download.url, download.media) == (LINK, True)
        assert download.headers == {"authorization": f"Bearer {SECRETS['page']}"}
        assert "canary" not in repr(download)

    def test_an_address_of_the_webhook_serves_where_there_is_no_id(self) -> None:
        found = said(200, b"bytes", content_type="image/jpeg")
        _, played = fetch(Attachment(type="image", url=LINK), found)
        assert [request.url for request in played.requests] == [LINK]

    @pytest.mark.parametrize(
        "url",
        [
            "https://evil.example/lookaside.fbsbx.com",
            "https://fbsbx.com.evil.example/x",
            "https://evilfbsbx.com/x",
            "http://lookaside.fbsbx.com/x",
            "https://graph.facebook.com@evil.example/x",
            "ftp://lookaside.fbsbx.com/x",
            "https://[",
            "",
        ],
    )
    def test_our_token_goes_to_metas_hosts_only(self, url: str) -> None:
        with pytest.raises(PermanentError) as refused:
            fetch(PICTURE, said(200, {"url": url}))
        assert refused.value.code == "media_refused"
        assert "evil" not in refused.value.detail

    def test_a_stand_in_on_loopback_may_hand_out_its_own_files_and_no_other_port(self) -> None:
        here = "http://127.0.0.1:8090"
        found = said(200, b"bytes")
        _, played = fetch(PICTURE, said(200, {"url": f"{here}/media/41"}), found, api_url=here)
        assert played.requests[1].url == f"{here}/media/41"
        with pytest.raises(PermanentError):
            fetch(PICTURE, said(200, {"url": "http://127.0.0.1:9/x"}), api_url=here)

    def test_a_file_of_last_week_is_gone_and_one_that_cannot_be_asked_for_now_is_not(self) -> None:
        gone = {"error": {"code": 100, "error_subcode": 33}}
        for answer in (said(400, gone), said(404, {})):
            with pytest.raises(PermanentError) as refused:
                fetch(PICTURE, answer)
            assert (refused.value.code, refused.value.gone) == ("file_gone", True)
        with pytest.raises(TransientError):
            fetch(PICTURE, said(503, {}))

    def test_an_address_that_has_ended_is_a_file_that_is_gone(self) -> None:
        with pytest.raises(PermanentError) as refused:
            fetch(PICTURE, said(200, {"url": LINK}), said(404, b""))
        assert refused.value.code == "file_gone"

    def test_a_place_is_no_file(self) -> None:
        place = Attachment(type="location", url="https://maps.google.com/?q=1,2")
        for one in (place, Attachment(type="image"), Attachment(type="unsupported", id="1")):
            with pytest.raises(Unsupported):
                fetch(one)


# --- doctor and setup --------------------------------------------------------------------------

WORKS = said(200, {"verified_name": "Acme", "quality_rating": "GREEN", "id": NUMBER})


def apps(*ids: str) -> Any:
    return said(200, {"data": [{"whatsapp_business_api_data": {"id": one}} for one in ids]})


class TestDoctor:
    def findings(self, *answers: Any, account: Account = ACCOUNT) -> list[tuple[bool, str]]:
        calls = whatsapp.setup.check(connection(app_id="77"), account)
        found: list[tuple[bool, str]] = Played(*answers).drive(calls)
        return found

    def test_is_content_with_a_number_whose_account_sends_to_our_app(self) -> None:
        assert all(fine for fine, _ in self.findings(WORKS, apps("12", "77")))

    def test_misses_our_app_among_others(self) -> None:
        *_, (fine, sentence) = self.findings(WORKS, apps("12"))
        assert not fine
        assert "bridge setup" in sentence

    def test_tells_of_a_number_that_people_complain_about(self) -> None:
        red = said(200, {"verified_name": "Acme", "quality_rating": "RED"})
        assert (False, "WhatsApp number Acme: its quality is RED") in self.findings(red, apps("77"))

    def test_asks_for_the_business_account_where_it_is_missing(self) -> None:
        *_, (fine, sentence) = self.findings(WORKS, account=replace(ACCOUNT, options={}))
        assert not fine
        assert "business_account" in sentence

    def test_tells_of_a_refused_token_and_asks_no_more(self) -> None:
        ((fine, sentence),) = self.findings(said(401, {"error": {"code": 190}}))
        assert not fine
        assert "token is refused" in sentence


def test_setup_subscribes_the_business_account() -> None:
    played = Played(said(200, {"success": True}))
    steps = played.drive(whatsapp.setup.setup(connection(), ACCOUNT))
    assert steps == ["WhatsApp number Acme: subscribed."]
    (request,) = played.requests
    assert (request.method, request.url.rpartition("/v25.0/")[2]) == (
        "POST",
        f"{OWNER}/subscribed_apps",
    )


def test_setup_says_what_it_cannot_do() -> None:
    (step,) = Played().drive(whatsapp.setup.setup(connection(), replace(ACCOUNT, options={})))
    assert "business_account" in step
    (step,) = Played(said(400, {"error": {"code": 100}})).drive(
        whatsapp.setup.setup(connection(), ACCOUNT)
    )
    assert "not subscribed" in step


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("account_update", {"event": "DISABLED_UPDATE"}, "account_update DISABLED_UPDATE"),
        ("account_update", {"event": "SOMETHING_NEW"}, "account_update SOMETHING_NEW"),
        ("account_update", {"event": "VERIFIED_ACCOUNT"}, None),
        ("account_alerts", {"alert_type": "PROFILE_PICTURE_LOST"}, "account_alerts PROFILE_PICTURE_LOST"),
        ("account_alerts", {"alert_type": "OBA_APPROVED"}, None),
        (
            "message_template_status_update",
            {"event": "REJECTED", "message_template_name": "news {{1}}"},
            "message_template_status_update REJECTED of the template news?1?",
        ),
        ("message_template_status_update", {"event": "APPROVED", "message_template_name": "news"}, None),
        ("phone_number_quality_update", {"event": "FLAGGED"}, "phone_number_quality_update FLAGGED"),
        ("phone_number_quality_update", {"event": "ONBOARDING"}, None),
        ("phone_number_name_update", {"decision": "REJECTED"}, None),
        ("account_update", None, "account_update"),
    ],
)  # fmt: skip
def test_bad_news_of_the_account_are_an_operators_matter(
    field: str, value: object, told: str | None
) -> None:
    entry = Entry("102000000000001", None)
    (message,) = whatsapp.events.change(entry, {"field": field, "value": value})
    assert message.ignored
    assert message.ignored.startswith("account:")
    expected = f"WhatsApp tells of the business account: {told}" if told else None
    assert message.alarm == expected
