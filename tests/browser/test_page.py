"""The page in a real Chromium: what is typed shows, hostile words stay words, and a phone is enough."""

import pytest

from bridge.sandbox import wires

pytestmark = pytest.mark.browser

PLATFORMS = ("facebook", "messenger", "instagram", "whatsapp", "threads", "telegram")

HOSTILE = [
    "<script>alert('script')</script>",
    "<img src=x onerror=\"alert('img')\"> and <svg onload=alert(1)>",
    "\"><iframe srcdoc='<script>parent.alert(2)</script>'></iframe>",
    "{{constructor.constructor('alert(3)')()}} javascript:alert(4)",
]


def ticket(sandbox, subject, text, external_id="stamp"):
    """Make a ticket as the bridge would; its number."""
    made = sandbox.http.post(
        f"{sandbox.url}/zendesk/oauth/tokens", timeout=10,
        json={"grant_type": "client_credentials", "client_id": wires.ZENDESK_CLIENT_ID,
              "client_secret": wires.ZENDESK_CLIENT_SECRET, "scope": "read tickets:write users:write"},
    ).json()  # fmt: skip
    wish = {
        "subject": subject,
        "comment": {"body": text},
        "external_id": external_id,
        "priority": "high",
    }
    answer = sandbox.http.post(
        f"{sandbox.url}/zendesk/api/v2/tickets", timeout=10, json={"ticket": wish},
        headers={"Authorization": f"Bearer {made['access_token']}"},
    )  # fmt: skip
    assert answer.status_code == 201, answer.text
    return str(answer.json()["ticket"]["id"])


def freshdesk_ticket(sandbox, subject, text, stamp="stamp", email=None):
    """Make a Freshdesk ticket as the bridge would; its number."""
    wish = {
        "unique_external_id": "instagram:1", "name": "Ana", "subject": subject, "status": 2, "priority": 3,
        "description": text.replace("&", "&amp;").replace("<", "&lt;"), "custom_fields": {"cf_bridge_id": stamp},
        **({"email": email} if email else {}),
    }  # fmt: skip
    answer = sandbox.http.post(
        f"{sandbox.url}/freshdesk/api/v2/tickets", timeout=10, json=wish, auth=(wires.FRESHDESK_API_KEY, "X")
    )  # fmt: skip
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def decision(seq, text, sentence, **more):
    """One of the bridge's decisions, as its console tells them."""
    return {
        "seq": f"{seq}-0", "id": f"event{seq}", "at": "2026-11-22T10:00:00Z", "connection": "meta",
        "channel": "facebook", "kind": "comment", "change": "created", "who": "Ana", "text": text,
        "sentence": sentence, "state": "done", "rule": "refund-demand", "ticket": None,
        "tried": [{"rule": "legal-threat", "matched": False,
                   "failed": {"condition": "text any_of lawyer", "value": text}},
                  {"rule": "refund-demand", "matched": True, "failed": None}],
        "actions": [{"at": "2026-11-22T10:00:01Z", "what": "open ticket", "result": "opened"}], **more,
    }  # fmt: skip


# --- the customer's side -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channel", "how", "what"),
    [
        ("facebook", None, "comment"),
        ("facebook", "Page post", "post"),
        ("messenger", None, "message"),
        ("instagram", None, "comment"),
        ("instagram", "Live comment", "comment"),
        ("instagram", "Mention", "mention"),
        ("instagram", "Direct message", "message"),
        ("instagram", "Story reply", "message"),
        ("whatsapp", None, "message"),
        ("whatsapp", "Group", "message"),
        ("threads", None, "comment"),
        ("threads", "Mention", "mention"),
        ("telegram", None, "message"),
    ],
)
def test_what_is_typed_on_the_left_is_said_there_and_shown(page, sandbox, channel, how, what):
    page.complain("My cup is broken, I want a refund", person="Jan", channel=channel, how=how)
    seen = page.tab.locator("#place .words").get_by_text("My cup is broken, I want a refund")
    seen.first.wait_for()
    assert seen.count() == 1
    said = sandbox.record(what, by="customer", channel=channel)
    assert [one["text"] for one in said] == ["My cup is broken, I want a refund"]


def graph(sandbox, token, path, body):
    """Call the Graph API as the bridge would."""
    answer = sandbox.http.post(
        f"{sandbox.url}/graph/v25.0/{path}", json=body, timeout=10,
        headers={"Authorization": f"Bearer {token}"},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_an_instagram_comment_is_answered_under_it(page, sandbox):
    page.complain("Is it vegan?", channel="instagram")
    page.sees_words("Is it vegan?", by="Ana")
    assert page.words("Is it vegan?").get_by_role("button", name="Edit").count() == 0
    comment = sandbox.record("comment")[0]["id"]
    ours = graph(sandbox, wires.PAGE_TOKEN, f"{comment}/replies", {"message": "It is, @ana!"})
    page.sees_words("It is, @ana!", by="Brand, through the bridge")
    replies = page.words("Is it vegan?").locator(".comments .words")
    assert replies.all_inner_texts() == ["It is, @ana!"]
    gone = sandbox.http.delete(
        f"{sandbox.url}/graph/v25.0/{ours['id']}", timeout=10,
        headers={"Authorization": f"Bearer {wires.PAGE_TOKEN}"},
    )  # fmt: skip
    assert gone.json() == {"success": True}
    page.tab.get_by_text("This comment was deleted.").wait_for()
    page.misses_words("It is, @ana!")


def test_an_instagram_message_is_answered_in_messages_and_the_posts_say_so(page, sandbox):
    page.complain("Where is my order?", channel="instagram", how="Direct message")
    page.sees_words("Where is my order?")
    person = sandbox.record("message")[0]["chat"]
    page.turn_to_half("Posts")
    page.misses_words("Where is my order?")
    wish = {"recipient": {"id": person}, "message": {"text": "It comes tomorrow."}}
    graph(sandbox, wires.PAGE_TOKEN, "me/messages", wish)
    half = page.tab.get_by_role("button", name="Messages")
    half.get_by_text("something new").wait_for(state="attached")
    page.misses_words("It comes tomorrow.")
    page.turn_to_half("Messages")
    page.sees_words("It comes tomorrow.")
    assert half.get_by_text("something new").count() == 0


def test_a_whatsapp_chat_shows_what_arrived_and_what_did_not(page, sandbox):
    page.complain("Where is my order?", channel="whatsapp")
    number = sandbox.record("message")[0]["chat"]
    path = f"{wires.WHATSAPP_NUMBER_ID}/messages"
    words = {"messaging_product": "whatsapp", "to": number, "type": "text"}
    graph(sandbox, wires.WHATSAPP_TOKEN, path, {**words, "text": {"body": "On its way"}})
    page.sees_words("On its way")
    page.words("On its way").get_by_text("delivered").wait_for()
    sandbox.post("clock", {"advance": 90000})
    page.tab.get_by_text("The answer window is closed.").wait_for()
    graph(sandbox, wires.WHATSAPP_TOKEN, path, {**words, "text": {"body": "Too late"}})
    page.tab.get_by_text("A message of the brand did not arrive (131047).").wait_for()
    page.misses_words("Too late")


def test_a_number_is_hidden_and_shown_again(page, sandbox):
    page.complain("Guess who", channel="whatsapp", person="Jan")
    page.tab.get_by_role("button", name="Hide number").click()
    page.tab.get_by_role("button", name="Show number").wait_for()
    jan = next(one for one in sandbox.get("state")["people"] if one["name"] == "Jan")
    assert jan["phone"] is None
    page.sees_words("Guess who")
    page.tab.get_by_role("button", name="Show number").click()
    page.tab.get_by_role("button", name="Hide number").wait_for()


def test_the_arrow_keys_go_through_all_platforms(page):
    page.tab.locator("#tab-facebook").focus()
    seen = []
    for _ in range(6):
        page.tab.keyboard.press("ArrowRight")
        seen.append(page.tab.evaluate("document.activeElement.dataset.channel"))
    assert seen == ["messenger", "instagram", "whatsapp", "threads", "telegram", "facebook"]


def test_a_new_name_makes_a_new_person(page, sandbox):
    page.complain("Where is my order?", person="Zoë O'Neil")
    page.sees_words("Where is my order?", by="Zoë O'Neil")
    assert "Zoë O'Neil" in [one["name"] for one in sandbox.get("state")["people"]]


def test_a_comment_is_edited_and_deleted_by_its_author_only(page):
    page.complain("It is brokn", person="Ana")
    page.edit("It is brokn", "It is broken")
    page.sees_words("It is broken")
    page.misses_words("It is brokn")

    page.write_as("Jan")
    assert page.words("It is broken").get_by_role("button", name="Delete").count() == 0
    page.write_as("Ana")
    page.delete("It is broken")
    page.misses_words("It is broken")
    page.tab.get_by_text("This comment was deleted.").wait_for()


def test_the_keyboard_is_enough_to_complain(page):
    page.tab.locator("#say-text").focus()
    page.tab.keyboard.type("first line")
    page.tab.keyboard.press("Shift+Enter")
    page.tab.keyboard.type("second line")
    page.tab.keyboard.press("Enter")
    page.sees_words("first line\nsecond line")


def test_an_example_is_put_into_the_box_and_not_sent_yet(page, sandbox):
    example = page.tab.locator("#place .example").nth(1)
    text = example.get_attribute("data-text")
    example.click()
    assert page.tab.locator("#say-text").input_value() == text
    assert sandbox.record("comment") == []
    page.tab.locator("#say-send").click()
    page.sees_words(text)


def test_what_happens_elsewhere_appears_and_leaves_half_typed_words_alone(page, sandbox):
    page.tab.locator("#say-text").fill("half a sent")
    page.tab.locator("#say-text").focus()
    sandbox.post("customer/comment", {"person": "Ola", "text": "I was here first"})
    page.sees_words("I was here first", by="Ola")
    assert page.tab.locator("#say-text").input_value() == "half a sent"
    assert page.tab.evaluate("document.activeElement.id") == "say-text"


def test_what_the_sandbox_refuses_is_said_in_a_sentence_and_the_words_are_kept(page, sandbox):
    page.complain("I change my mind")
    page.words("I change my mind").get_by_role("button", name="Edit").click()
    said = sandbox.record("comment")[0]
    page.tab.route("**/_sandbox/customer/comment/edit", lambda route: route.continue_(
        post_data={"id": "nobody", "text": "x"}))  # fmt: skip
    page.tab.locator("#say-text").fill("new words")
    page.tab.locator("#say-send").click()
    alert = page.tab.get_by_role("alert")
    alert.get_by_text("There is no comment nobody.").wait_for()
    assert page.tab.locator("#say-text").input_value() == "new words"
    assert sandbox.record("comment_edited", id=said["id"]) == []


# --- the agent's side ----------------------------------------------------------------------------


def test_the_answer_box_writes_in_public_and_the_note_in_private(page, sandbox):
    number = ticket(sandbox, "Broken cup", "My cup is broken")
    assert page.sees_ticket("Broken cup") == number
    page.answer("We send a new one.", number)
    page.entry("We send a new one.").wait_for()
    page.answer("She is a regular.", number, private=True)
    page.entry("She is a regular.").get_by_text("Private note").wait_for()
    written = sandbox.record("ticket_comment", ticket=int(number), by="agent")
    assert [(one["text"], one["public"]) for one in written] == [
        ("We send a new one.", True), ("She is a regular.", False)]  # fmt: skip


def test_send_and_solve_and_the_status_select_set_the_status(page, sandbox):
    number = ticket(sandbox, "Broken cup", "My cup is broken")
    page.sees_ticket("Broken cup")
    page.answer("It is done.", number, solve=True)
    changed = sandbox.wait("ticket_status", ticket=int(number))
    assert changed[-1]["current"] == "solved"
    page.tab.get_by_label("Status").select_option("open")
    assert sandbox.wait("ticket_status", 2, ticket=int(number))[-1]["current"] == "open"


def test_a_half_typed_answer_stays_with_its_ticket(page, sandbox):
    first = ticket(sandbox, "First trouble", "one", "a")
    second = ticket(sandbox, "Second trouble", "two", "b")
    page.sees_ticket("Second trouble")
    page.open_ticket(first)
    page.tab.locator("#answer-text").fill("for the first")
    page.open_ticket(second)
    assert page.tab.locator("#answer-text").input_value() == ""
    page.open_ticket(first)
    assert page.tab.locator("#answer-text").input_value() == "for the first"


def test_an_opened_ticket_shows_what_a_person_said_last(page, sandbox):
    number = ticket(sandbox, "Long talk", "\n".join(f"line {n}" for n in range(60)))
    page.sees_ticket("Long talk")
    page.answer("The very last words.", number)
    page.entry("The very last words.").wait_for()
    page.tab.wait_for_function("""() => {
        const frame = document.querySelector('#thread').getBoundingClientRect();
        const last = [...document.querySelectorAll('#thread .entry')].at(-1).getBoundingClientRect();
        return last.bottom <= frame.bottom + 1 && last.top >= frame.top;
    }""")


def test_a_closed_ticket_takes_no_answer(page, sandbox):
    number = ticket(sandbox, "Old trouble", "one")
    page.sees_ticket("Old trouble")
    page.open_ticket(number)
    page.tab.locator("#answer").wait_for(state="visible")
    for status in ("solved", "closed"):
        sandbox.post("agent/status", {"ticket": int(number), "status": status})
    page.tab.locator("#answer").wait_for(state="hidden")


def test_tickets_of_both_helpdesks_stand_in_one_list_and_say_whose_they_are(page, sandbox):
    first = ticket(sandbox, "Broken cup", "My cup is broken")
    second = freshdesk_ticket(sandbox, "Cold coffee", "My coffee is cold")
    rows = page.tab.locator(".ticket-row")
    for number, helpdesk in ((first, "Zendesk"), (second, "Freshdesk")):
        page.tab.locator(f".ticket-row[data-ticket='{number}'] .desk", has_text=helpdesk).wait_for()
    assert rows.count() == 2
    page.open_ticket(second)
    page.entry("My coffee is cold").wait_for()
    assert page.tab.locator("#ticket-head .desk").inner_text() == "Freshdesk"


def test_a_freshdesk_agent_replies_notes_and_sets_the_statuses_of_that_account(page, sandbox):
    number = freshdesk_ticket(sandbox, "Cold coffee", "My coffee is cold")
    page.sees_ticket("Cold coffee")
    page.answer("A hot one is on its way.", number)
    page.entry("A hot one is on its way.").wait_for()
    page.answer("Second time this week.", number, private=True)
    page.entry("Second time this week.").get_by_text("Private note").wait_for()
    said = sandbox.record("ticket_comment", ticket=int(number), by="agent", system="freshdesk")
    assert [(one["text"], one["kind"], one["public"]) for one in said] == [
        ("A hot one is on its way.", "reply", True), ("Second time this week.", "note", False)]  # fmt: skip

    choices = page.tab.get_by_label("Status").locator("option").all_inner_texts()
    assert choices == ["Open", "Pending", "Resolved", "Closed", "Waiting on Customer", "Waiting on Third Party", "With the roaster"]  # fmt: skip
    page.tab.get_by_label("Status").select_option("Waiting on Customer")
    assert sandbox.wait("ticket_status", ticket=int(number))[-1]["current"] == 6
    page.tab.get_by_role("button", name="Resolve", exact=True).click()
    assert sandbox.wait("ticket_status", 2, ticket=int(number))[-1]["current"] == 4
    page.tab.get_by_label("Status").select_option("Open")
    page.tab.get_by_role("radio", name="Public reply").check()
    page.tab.locator("#answer-text").fill("Done.")
    page.tab.get_by_role("button", name="Send and resolve").click()
    assert sandbox.wait("ticket_status", 4, ticket=int(number))[-1]["current"] == 4
    page.tab.get_by_label("Priority").select_option("Urgent")
    page.tab.locator(f".ticket-row[data-ticket='{number}'] .priority.urgent").wait_for()


def test_a_closed_freshdesk_ticket_still_takes_an_answer_and_a_zendesk_one_does_not(page, sandbox):
    numbers = {
        "zendesk": ticket(sandbox, "Broken cup", "one"),
        "freshdesk": freshdesk_ticket(sandbox, "Cold coffee", "two"),
    }
    for number, status in ((numbers["zendesk"], "closed"), (numbers["freshdesk"], 5)):
        sandbox.post("agent/status", {"ticket": int(number), "status": status})
    page.open_ticket(numbers["freshdesk"])
    page.tab.locator("#answer").wait_for(state="visible")
    page.tab.locator(f".ticket-row[data-ticket='{numbers['zendesk']}'] .status.closed").wait_for()
    page.open_ticket(numbers["zendesk"])
    page.tab.locator("#answer").wait_for(state="hidden")


def test_freshdesk_tickets_are_merged_among_themselves_deleted_restored_and_marked_as_spam(
    page, sandbox
):
    ticket(sandbox, "Broken cup", "one")
    first = freshdesk_ticket(sandbox, "Cold coffee", "two")
    second = freshdesk_ticket(sandbox, "Cold tea", "three", "other")
    page.open_ticket(first)
    more = page.tab.locator("#ticket-head .menu")
    more.locator("summary").click()
    others = more.get_by_label("Merge into").locator("option").all_inner_texts()
    assert [one.split()[0] for one in others] == ["choose", f"#{second}"]
    more.get_by_label("Merge into").select_option(second)
    page.entry(f"This ticket is closed and merged into ticket {second}").wait_for()
    page.tab.locator("#ticket-head").get_by_text(f"Merged into #{second}").wait_for()

    page.open_ticket(second)
    for button, status in (("Delete ticket", "Deleted"), ("Mark as spam", "Spam")):
        more.locator("summary").click()
        more.get_by_role("button", name=button).click()
        page.tab.locator("#ticket-head .status", has_text=status).wait_for()
        assert page.tab.locator("#answer").is_hidden()
        more.locator("summary").click()
        more.get_by_role("button", name="Restore").click()
        page.tab.locator("#answer").wait_for(state="visible")


def test_a_freshdesk_agent_takes_a_note_away_but_cannot_make_a_reply_private(page, sandbox):
    number = freshdesk_ticket(sandbox, "Cold coffee", "two")
    page.open_ticket(number)
    page.answer("Oops.", number, private=True)
    page.entry("Oops.").get_by_role("button", name="Take this note away").click()
    page.entry("Oops.").wait_for(state="detached")
    page.answer("Hello.", number)
    page.entry("Hello.").get_by_role("button", name="Take this answer away").wait_for()
    assert page.tab.get_by_role("button", name="Make this answer a private note").count() == 0


# --- between them ----------------------------------------------------------------------------------


def test_without_a_bridge_a_banner_says_so_and_with_one_it_goes(page, bridge, sandbox):
    page.tab.get_by_text("Bridge connected").wait_for()
    assert page.tab.get_by_text("The bridge does not answer.").count() == 0
    bridge.stop()
    page.tab.get_by_text("The bridge does not answer.").wait_for()


def test_words_decision_and_ticket_light_up_together(page, bridge, sandbox):
    page.complain("I want a refund")
    said = sandbox.record("comment")[0]
    number = ticket(sandbox, "Refund for Ana", "I want a refund")
    bridge.decisions = [
        decision(
            1, "I want a refund", "It opened a ticket.", ticket=number, external_id=said["id"]
        ),
        decision(2, "lovely", "It was ignored: praise.", state="ignored", who="Ola"),
    ]
    page.sees_decision("It opened a ticket.").locator(".sentence").click()
    lit = page.tab.locator("[data-stop][data-lit]")
    page.tab.wait_for_function("document.querySelectorAll('[data-stop][data-lit]').length === 3")
    assert {one.evaluate("node => node.closest('.pane').id") for one in lit.all()} == {
        "pane-customer", "pane-bridge", "pane-agent"}  # fmt: skip
    assert page.tab.locator("#threads path").count() == 2
    assert "Ticket #" in page.words("I want a refund").inner_text()
    page.tab.keyboard.press("Escape")
    page.tab.mouse.move(2, 2)
    page.tab.wait_for_function("document.querySelectorAll('[data-lit]').length === 0")


def test_a_receipt_opens_to_the_rules_tried_and_what_was_done(page, bridge):
    bridge.decisions = [decision(1, "I want a refund", "It opened a ticket.", ticket="7")]
    card = page.sees_decision("It opened a ticket.")
    card.get_by_text("Why", exact=True).click()
    card.get_by_text("1 did not match").click()
    shown = card.inner_text()
    for part in ("legal-threat", "needs text any_of lawyer", "refund-demand matched", "open ticket",
                 "opened", "bridge why event1"):  # fmt: skip
        assert part in shown


def test_the_bridges_own_echoes_wait_behind_a_button(page, bridge):
    bridge.decisions = [
        decision(1, "I want a refund", "It opened a ticket."),
        decision(3, "", "A private note: private note.", state="ignored", reason="private-note", rule=None,
                 connection="zendesk", channel=None, kind="ticket"),
        decision(2, "", "A private note: own write.", state="ignored", reason="own-write", rule=None,
                 connection="zendesk", channel=None, kind="ticket"),
    ]  # fmt: skip
    page.sees_decision("It opened a ticket.")
    page.sees_decision("A private note: private note.")
    assert page.tab.get_by_text("own write").count() == 0
    page.tab.get_by_role("button", name="Show 1 echo").click()
    page.sees_decision("A private note: own write.")


def test_a_decision_with_hardly_any_field_is_shown_too(page, bridge):
    bridge.decisions = [
        {"seq": "5-1"},
        {"seq": "6-0", "sentence": None, "state": "strange", "tried": None},
    ]
    page.tab.get_by_text("The bridge gave no sentence for this.").nth(1).wait_for()


# --- hostile words ---------------------------------------------------------------------------------


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_are_shown_as_words_everywhere(visit, sandbox, bridge, text):
    said = sandbox.post("customer/comment", {"person": text[:40], "text": text})
    sandbox.post("customer/message", {"channel": "messenger", "person": "Ana", "text": text})
    number = ticket(sandbox, text, text)
    bridge.decisions = [
        decision(1, text, text, ticket=number, external_id=said["id"], who=text, rule=text, reason=text,
                 tried=[{"rule": text, "matched": False, "failed": {"condition": text, "value": [text]}}],
                 actions=[{"at": text, "what": text, "result": text}]),
    ]  # fmt: skip
    page = visit(sandbox.url)
    page.sees_words(text, by=text[:40])
    page.sees_decision(text)
    page.open_ticket(page.sees_ticket(text))
    page.entry(text).wait_for()
    page.turn_to("messenger")
    page.sees_words(text)
    assert page.tab.locator("main :is(script, iframe, [onerror], [onload], [srcdoc])").count() == 0
    # `visit` then fails on every dialog, failed script and refused resource.


def test_direction_tricks_are_shown_instead_of_obeyed(page, sandbox):
    sandbox.post(
        "customer/comment", {"person": "Ana", "text": "invoice \u202egpj.exe\u202c \u2066x\u2069"}
    )
    page.sees_words("invoice U+202Egpj.exeU+202C U+2066xU+2069")
    assert (
        page.tab.evaluate(
            "/[\\u202a-\\u202e\\u2066-\\u2069]/.test(document.querySelector('#place').innerText)"
        )
        is False
    )


def test_right_to_left_words_keep_their_own_direction(page, sandbox):
    sandbox.post("customer/comment", {"person": "Ana", "text": "הקפה קר"})
    words = page.words("הקפה קר").locator(".words")
    assert words.evaluate("node => getComputedStyle(node).direction") == "rtl"
    assert page.tab.evaluate("getComputedStyle(document.body).direction") == "ltr"


def test_only_the_sandboxs_own_pictures_are_loaded(visit, sandbox):
    for number, image in enumerate(
        ("https://evil.example/x.png", "javascript:alert(1)", "//evil.example/cdn/x.png")
    ):
        sandbox.post(
            "customer/comment", {"person": "Ana", "text": f"look {number}", "image": image}
        )
    page = visit(sandbox.url)
    asked = []
    page.tab.on("request", lambda request: asked.append(request.url))
    page.tab.reload()
    page.sees_words("look 2")
    assert [url for url in asked if not url.startswith(sandbox.url)] == []


# --- every window, every reader --------------------------------------------------------------------


@pytest.fixture
def busy(sandbox, bridge):
    """A scene with something of everything, long words included."""
    long = "Grundstücksverkehrsgenehmigungszuständigkeitsübertragungsverordnung" * 3
    said = sandbox.post(
        "customer/comment", {"person": "Ana", "text": f"I want a refund {long}", "image": True}
    )
    sandbox.post("customer/comment", {"person": "Jan", "text": "me too", "reply_to": said["id"]})
    sandbox.post("customer/review", {"person": "Ola", "text": "meh", "recommends": False})
    sandbox.post(
        "customer/message", {"channel": "messenger", "person": "Ana", "text": long, "image": True}
    )
    sandbox.post("customer/message", {"channel": "telegram", "person": "Ana", "text": long})
    for channel in ("instagram", "threads"):
        made = sandbox.post("customer/comment", {"channel": channel, "person": "Ana", "text": long})
        sandbox.post(
            "customer/comment",
            {"channel": channel, "person": "Jan", "text": long, "reply_to": made["id"]},
        )
        sandbox.post("customer/mention", {"channel": channel, "person": "Ola", "text": long})
    for _ in range(8):  # Threads goes on at any depth
        made = sandbox.post(
            "customer/comment",
            {"channel": "threads", "person": "Jan", "text": long, "reply_to": made["id"]},
        )
    for channel in ("instagram", "whatsapp"):
        sandbox.post(
            "customer/message", {"channel": channel, "person": "Ana", "text": long, "image": True}
        )
    freshdesk_ticket(sandbox, f"Cold coffee {long}", f"It is cold {long}", "other")
    number = ticket(sandbox, f"Refund {long}", f"I want a refund {long}")
    sandbox.post("agent/comment", {"ticket": int(number), "text": long, "public": False})
    states = ("done", "ignored", "parked", "dead", "in_progress")
    bridge.decisions = [
        decision(seq, long, f"Sentence {seq} {long}", state=state, external_id=said["id"],
                 ticket=number if state == "done" else None)
        for seq, state in enumerate(states, 1)
    ]  # fmt: skip
    return sandbox


@pytest.mark.parametrize("width", [320, 375, 430, 768])
def test_a_phone_shows_one_side_at_a_time_and_never_scrolls_sideways(visit, busy, width):
    page = visit(busy.url, {"width": width, "height": 780})
    for side in ("customer", "bridge", "agent"):
        page.show(side)
        shown = [
            name
            for name in ("customer", "bridge", "agent")
            if page.tab.locator(f"#pane-{name}").is_visible()
        ]
        assert shown == [side]
        assert page.overflow() <= 0
        inside = "[...document.querySelectorAll('.scroll, .pane > *')].filter(box => box.scrollWidth > box.clientWidth).length"
        assert page.tab.evaluate(inside) == 0
    page.show("customer")
    for channel in PLATFORMS:
        page.turn_to(channel)
        assert page.overflow() <= 0
        assert page.tab.evaluate(inside) == 0
    page.turn_to("instagram")
    page.turn_to_half("Messages")
    assert page.overflow() <= 0
    assert page.tab.evaluate(inside) == 0


def test_a_phone_counts_what_happened_on_the_other_sides(visit, sandbox):
    page = visit(sandbox.url, {"width": 375, "height": 780})
    assert page.tab.locator("#bar .count").count() == 0
    ticket(sandbox, "Broken cup", "My cup is broken")
    badge = page.tab.locator("#bar [data-pane='agent'] .count")
    badge.wait_for()
    page.show("agent")
    badge.wait_for(state="detached")


def test_on_a_phone_the_chip_under_the_words_leads_to_the_decision_and_on_to_the_ticket(
    visit, busy
):
    page = visit(busy.url, {"width": 375, "height": 780})
    page.tab.locator("#place .chip").first.click()
    page.tab.locator("#pane-bridge").wait_for(state="visible")
    page.sees_decision("Sentence 1").get_by_role("button", name="Ticket #").click()
    page.tab.locator("#pane-agent").wait_for(state="visible")
    page.tab.get_by_role("button", name="Where it was said").click()
    page.tab.locator("#pane-customer").wait_for(state="visible")
    page.tab.get_by_role("button", name="Reply to Ana").first.wait_for()


def test_a_desktop_shows_all_three_sides_within_the_window(visit, busy):
    page = visit(busy.url)
    for side in ("customer", "bridge", "agent"):
        assert page.tab.locator(f"#pane-{side}").is_visible()
    assert page.overflow() <= 0
    assert page.tab.evaluate("document.documentElement.scrollHeight - innerHeight") <= 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1440])
def test_every_control_has_a_name_and_every_text_contrast(visit, busy, scheme, width):
    page = visit(busy.url, {"width": width, "height": 900}, color_scheme=scheme)
    page.sees_ticket("Refund") if width > 1000 else page.show("agent")
    assert page.nameless() == []
    for channel in PLATFORMS:
        if width < 1000:
            page.show("customer")
        page.turn_to(channel)
        assert page.nameless() == []
        assert page.faint() == []
    ids = page.tab.evaluate("[...document.querySelectorAll('[id]')].map(node => node.id)")
    assert len(ids) == len(set(ids))


def test_the_policy_refuses_a_script_written_into_the_page(page):
    page.tab.evaluate("""() => {
        const script = document.createElement('script');
        script.textContent = 'window.ran = true';
        document.head.append(script);
    }""")
    assert page.tab.evaluate("window.ran === undefined")
    refused, page.troubles[:] = page.troubles[:], []
    assert len(refused) == 1
    assert "Content Security Policy" in refused[0]
