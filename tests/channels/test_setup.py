"""What `bridge doctor` and `bridge setup` find and do on the platforms' side."""

from __future__ import annotations

from dataclasses import replace

from support.platforms import PAGE, SECRETS, Played, meta, said, telegram

from bridge.channels import subscriptions
from bridge.channels import telegram as telegram_source
from bridge.core.errors import TransientError

NAMED = said(200, {"name": "Acme", "id": PAGE})
ALL = list(subscriptions.FIELDS)
HOOK = "https://bridge.example/hooks/x"
REVOKED = said(400, {"error": {"code": 190, "error_subcode": 460}})


def subscribed(*fields: str, app: str = "1234") -> object:
    return said(200, {"data": [{"id": app, "name": "bridge", "subscribed_fields": list(fields)}]})


def wrong(findings: list[tuple[bool, str]]) -> list[str]:
    for _, sentence in findings:
        assert not [one for one in SECRETS.values() if one in sentence]
    return [sentence for fine, sentence in findings if not fine]


def test_a_page_with_token_and_subscription_is_fine() -> None:
    findings = Played(NAMED, subscribed(*ALL)).drive(subscriptions.check(meta(app_id="1234")))
    assert wrong(findings) == []
    assert len(findings) == 4


def test_a_page_that_lacks_fields_is_told_which() -> None:
    played = Played(NAMED, subscribed(*(one for one in ALL if one != "feed")))
    (sentence,) = wrong(played.drive(subscriptions.check(meta())))
    assert sentence == "Page Acme: not subscribed to feed; run `bridge setup meta`"


def test_another_apps_subscription_is_not_ours() -> None:
    played = Played(NAMED, subscribed(*ALL, app="9"))
    (sentence,) = wrong(played.drive(subscriptions.check(meta(app_id="1234"))))
    assert "our app is not subscribed" in sentence


def test_a_refused_token_and_a_platform_that_is_away_are_findings_not_errors() -> None:
    (sentence,) = wrong(Played(REVOKED).drive(subscriptions.check(meta())))
    assert "token is refused" in sentence
    away = TransientError("unreachable", "no connection")
    (sentence,) = wrong(Played(NAMED, away).drive(subscriptions.check(meta())))
    assert sentence == "Page Acme: no connection"


def test_a_connection_without_secrets_and_accounts_is_told_so() -> None:
    empty = replace(meta(), options={}, accounts=())
    assert len(wrong(Played().drive(subscriptions.check(empty)))) == 3


def test_setup_subscribes_each_page_and_says_what_is_left_to_do_by_hand() -> None:
    played = Played(said(200, {"success": True}))
    by_hand, page = played.drive(subscriptions.setup(meta(), HOOK))
    assert HOOK in by_hand
    assert page == "Page Acme: subscribed."
    assert played.requests[0].json == {"subscribed_fields": ",".join(ALL)}
    assert played.requests[0].url.endswith(f"/{PAGE}/subscribed_apps")


def test_setup_goes_on_where_a_page_refuses() -> None:
    _, page = Played(REVOKED).drive(subscriptions.setup(meta(), HOOK))
    assert page.startswith("Page Acme: not subscribed: the access token is refused")


ME = said(200, {"ok": True, "result": {"id": 700700700, "username": "acme_bot"}})


def info(**more: object) -> object:
    return said(200, {"ok": True, "result": {"url": HOOK, "pending_update_count": 0, **more}})


def test_a_bot_with_token_and_webhook_is_fine() -> None:
    findings = Played(ME, info(allowed_updates=list(telegram_source.UPDATES))).drive(
        telegram_source.check(telegram())
    )
    assert wrong(findings) == []
    assert "@acme_bot" in findings[1][1]


def test_a_bot_whose_updates_do_not_arrive_is_told_why() -> None:
    answer = info(
        pending_update_count=3,
        last_error_message="Wrong response from the webhook: 401 Unauthorized",
        last_error_date=1795341600,
    )
    (sentence,) = wrong(Played(ME, answer).drive(telegram_source.check(telegram())))
    assert "2026-11-22 10:00 UTC: Wrong response from the webhook: 401 Unauthorized" in sentence
    assert "3 wait" in sentence


def test_an_old_failure_with_nothing_waiting_is_no_fault() -> None:
    answer = info(last_error_message="Connection timed out", last_error_date=1795341600)
    assert wrong(Played(ME, answer).drive(telegram_source.check(telegram()))) == []


def test_a_bot_without_webhook_or_with_too_few_updates_is_told_what_to_run() -> None:
    (sentence,) = wrong(Played(ME, info(url="")).drive(telegram_source.check(telegram())))
    assert sentence == "no webhook is set; run `bridge setup bot`"
    few = info(allowed_updates=["message"])
    (sentence,) = wrong(Played(ME, few).drive(telegram_source.check(telegram())))
    assert "edited_message" in sentence


def test_a_refused_bot_token_and_a_bad_secret_are_findings() -> None:
    refused = said(401, {"ok": False, "error_code": 401, "description": "Unauthorized"})
    connection = replace(telegram(), options={"token": telegram().options["token"]})
    sentences = wrong(Played(refused).drive(telegram_source.check(connection)))
    assert len(sentences) == 2
    assert wrong(Played().drive(telegram_source.check(replace(telegram(), options={})))) != []


def test_setup_sets_the_webhook_with_the_secret_and_the_updates() -> None:
    played = Played(said(200, {"ok": True, "result": True}))
    steps = played.drive(telegram_source.setup(telegram(), HOOK))
    assert HOOK in steps[0]
    assert played.requests[0].json["secret_token"] == SECRETS["hook"]
    assert "deleted_business_messages" in played.requests[0].json["allowed_updates"]
    assert not [one for step in steps for one in SECRETS.values() if one in step]


def test_setup_that_is_refused_says_so() -> None:
    refused = said(400, {"ok": False, "error_code": 400, "description": "bad webhook"})
    (step,) = Played(refused).drive(telegram_source.setup(telegram(), HOOK))
    assert step.startswith("The webhook is not set")


def test_the_bots_id_is_in_its_token() -> None:
    assert telegram_source.account_of(telegram()) == "700700700"
    assert telegram_source.account_of(replace(telegram(), options={})) is None
