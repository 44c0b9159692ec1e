"""What `bridge doctor` and `bridge setup` find and do on the platforms' side."""

from __future__ import annotations

from dataclasses import replace

from support.platforms import PAGE, SECRETS, Played, meta, said, telegram

from bridge.channels import subscriptions
from bridge.channels import telegram as telegram_source
from bridge.channels.telegram.events import UPDATES
from bridge.core.errors import TransientError
from bridge.core.model import Account, Connection, Secret

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


# --- the helpdesk's own channel ------------------------------------------------------------------


def test_a_page_that_is_connected_to_the_helpdesk_itself_is_told_of_the_second_ticket() -> None:
    apps = [
        {"id": "1234", "name": "Zendesk bridge", "subscribed_fields": ALL},
        {"id": "9", "name": "ZENDESK Social Messaging", "subscribed_fields": ["feed"]},
        {"id": "10", "name": "Some statistics", "subscribed_fields": ["feed"]},
    ]
    played = Played(NAMED, said(200, {"data": apps}))
    (sentence,) = wrong(played.drive(subscriptions.check(meta(app_id="1234"))))
    assert "connected to ZENDESK Social Messaging too" in sentence
    assert "two tickets" in sentence
    for name in ("Freshdesk", "Freshworks Inc", "Sunshine Conversations", "freshchat"):
        told = said(200, {"data": [apps[0], {"id": "9", "name": name}]})
        (sentence,) = wrong(Played(NAMED, told).drive(subscriptions.check(meta(app_id="1234"))))
        assert name in sentence


# --- Instagram and Threads -----------------------------------------------------------------------

IG, US = "17841400000000042", "26000000000000042"
PAGE_ACCOUNT = meta().accounts[0]


def with_accounts(*accounts: Account) -> Connection:
    secrets = {
        "instagram_app_secrets": Secret("instagram-app-secret-6e10"),
        "threads_app_secrets": Secret("threads-app-secret-2b07"),
    }
    return replace(meta(app_id="1234", **secrets), accounts=accounts)


def instagram(**options: object) -> Account:
    token = Secret("IGAA-own-token-77cd")
    return Account(channel="instagram", id=IG, name="Acme", token=token, options=options)


def threads(**options: object) -> Account:
    return Account(channel="threads", id=US, token=Secret("THAA-token-88"), options=options)


def test_an_instagram_account_by_its_page_is_fine() -> None:
    played = Played(said(200, {"username": "acme"}), subscribed("messages"))
    connection = with_accounts(instagram(page=PAGE, username="@Acme"))
    assert wrong(played.drive(subscriptions.check(connection))) == []
    name, apps = played.requests
    assert name.url == f"https://graph.facebook.com/v25.0/{IG}"
    assert apps.url == f"https://graph.facebook.com/v25.0/{PAGE}/subscribed_apps"


def test_an_instagram_account_by_its_own_login_is_fine_or_told_its_real_id() -> None:
    everything = subscribed(*subscriptions.INSTAGRAM_LOGIN)
    played = Played(said(200, {"user_id": IG, "username": "acme"}), everything)
    assert wrong(played.drive(subscriptions.check(with_accounts(instagram(login="instagram"))))) == []  # fmt: skip
    assert played.requests[1].url == f"https://graph.instagram.com/v25.0/{IG}/subscribed_apps"
    played = Played(said(200, {"user_id": "555", "username": "acme"}), everything)
    (sentence,) = wrong(played.drive(subscriptions.check(with_accounts(instagram(login="instagram")))))  # fmt: skip
    assert sentence == "Instagram Acme: the token is for the account 555; write this id"


def test_a_login_that_is_neither_and_a_wrong_username_are_told() -> None:
    (sentence,) = wrong(Played().drive(subscriptions.check(with_accounts(instagram(login="insta")))))  # fmt: skip
    assert "neither facebook nor instagram" in sentence
    played = Played(said(200, {"username": "acme"}), subscribed("messages"))
    (sentence,) = wrong(played.drive(subscriptions.check(with_accounts(instagram(username="amce")))))  # fmt: skip
    assert sentence == "Instagram Acme: its username is acme, not amce"


def test_a_threads_account_needs_its_username() -> None:
    me = said(200, {"id": US, "username": "acme"})
    assert wrong(Played(me).drive(subscriptions.check(with_accounts(threads(username="acme"))))) == []  # fmt: skip
    (sentence,) = wrong(Played(me).drive(subscriptions.check(with_accounts(threads()))))
    assert "add `username:`" in sentence


def test_each_product_needs_its_own_app_secret() -> None:
    bare = replace(with_accounts(instagram(login="insta"), threads(username="acme")))
    bare = replace(bare, options={"verify_token": Secret("x"), "app_secrets": Secret("y")})
    played = Played(said(200, {"id": US, "username": "acme"}))
    told = wrong(played.drive(subscriptions.check(bare)))
    assert told[0] == "meta lacks the app secret of Threads (threads_app_secrets)"


def test_setup_says_each_products_step_by_hand_and_subscribes_each_account() -> None:
    yes = said(200, {"success": True})
    connection = with_accounts(PAGE_ACCOUNT, instagram(page=PAGE), threads())
    played = Played(yes)
    steps = played.drive(subscriptions.setup(connection, HOOK))
    assert [step for step in steps if "subscribed with its Page" in step]
    by_hand = [step for step in steps if step.startswith("By hand")]
    for place in ("Webhooks > Page", "Webhooks > Instagram", "Threads > Settings"):
        assert [step for step in by_hand if place in step]
    assert len(by_hand) == 3
    assert all(HOOK in step for step in by_hand)
    own = Played(yes)
    own.drive(subscriptions.setup(with_accounts(instagram(login="instagram")), HOOK))
    assert own.requests[0].url == f"https://graph.instagram.com/v25.0/{IG}/subscribed_apps"
    assert "comments" in own.requests[0].json["subscribed_fields"]
    # Where the Page itself is not listed, nobody else subscribes it.
    alone = Played(yes)
    alone.drive(subscriptions.setup(with_accounts(instagram(page=PAGE)), HOOK))
    assert alone.requests[0].url == f"https://graph.facebook.com/v25.0/{PAGE}/subscribed_apps"


# --- Telegram ------------------------------------------------------------------------------------

ME = said(200, {"ok": True, "result": {"id": 700700700, "username": "acme_bot"}})


def info(**more: object) -> object:
    return said(200, {"ok": True, "result": {"url": HOOK, "pending_update_count": 0, **more}})


def test_a_bot_with_token_and_webhook_is_fine() -> None:
    findings = Played(ME, info(allowed_updates=list(UPDATES))).drive(
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
    played = Played(info(url=""), said(200, {"ok": True, "result": True}))
    steps = played.drive(telegram_source.setup(telegram(), HOOK))
    assert steps[0] == f"Telegram now sends the bot's updates to {HOOK}."
    assert not played.requests[0].write
    assert played.requests[1].json["secret_token"] == SECRETS["hook"]
    assert "deleted_business_messages" in played.requests[1].json["allowed_updates"]
    assert not [one for step in steps for one in SECRETS.values() if one in step]


def test_setup_again_says_that_nothing_is_new_and_from_elsewhere_what_was() -> None:
    done = said(200, {"ok": True, "result": True})
    steps = Played(info(), done).drive(telegram_source.setup(telegram(), HOOK))
    assert steps[0] == f"Telegram sends the bot's updates to {HOOK}, as before."
    moved = Played(info(url="https://old.example/hooks/x"), done)
    steps = moved.drive(telegram_source.setup(telegram(), HOOK))
    assert steps[1] == "Until now they went to https://old.example/hooks/x."


def test_a_bot_that_sends_elsewhere_is_told_so_where_our_address_is_known() -> None:
    known = replace(telegram(), options={**telegram().options, "hook_url": "https://new.example/x"})
    (sentence,) = wrong(Played(ME, info()).drive(telegram_source.check(known)))
    assert sentence.startswith(f"Telegram sends to {HOOK}, not to https://new.example/x; run")


def test_setup_that_is_refused_says_so() -> None:
    refused = said(400, {"ok": False, "error_code": 400, "description": "bad webhook"})
    (step,) = Played(info(), refused).drive(telegram_source.setup(telegram(), HOOK))
    assert step.startswith("The webhook is not set")


def test_the_bots_id_is_in_its_token() -> None:
    assert telegram_source.account_of(telegram()) == "700700700"
    assert telegram_source.account_of(replace(telegram(), options={})) is None
