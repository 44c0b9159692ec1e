"""What `bridge setup` and `bridge doctor` do with a Zendesk account."""

import json
from dataclasses import replace

import pytest

from bridge.core.calls import HttpResponse, Undone, drive
from bridge.core.errors import AuthError, PermanentError, TransientError
from bridge.core.mapping import HelpdeskMap
from bridge.core.model import Connection, Secret
from bridge.helpdesks import HELPDESKS
from bridge.helpdesks.zendesk.events import SUBSCRIPTIONS, TEMPLATE

ZENDESK = HELPDESKS["zendesk"]
URL = "https://acme.zendesk.com"
HOOK_URL = "https://bridge.example.com/hooks/zendesk"
OAUTH = Connection(
    name="zendesk",
    type="zendesk",
    options={
        "url": f"{URL}/",
        "client_id": "bridge",
        "client_secret": Secret("s3cret"),
        "webhook_secrets": (Secret("hook"),),
    },
)
TOKEN = replace(
    OAUTH, options={"url": URL, "email": "bot@example.com", "api_token": Secret("t0ken")}
)
TRIGGERED = replace(OAUTH, options={**OAUTH.options, "notify": "trigger"})
AT_HOME = replace(OAUTH, options={**OAUTH.options, "hook_url": HOOK_URL})


class Account:
    """A Zendesk account as far as a set-up sees it; `asked` holds the requests that came."""

    def __init__(self, **rows):
        self.rows = {"webhooks": [], "triggers": [], "tickets": [], "groups": [],
                     "ticket_fields": [], "custom_statuses": [], "ticket_forms": [],
                     "results": [], **rows}  # fmt: skip
        self.me = {"id": 42, "role": "admin"}
        self.secret = "hook"
        self.tried = 200
        self.refused = {}  # "METHOD /path" -> (status, body)
        self.headers = {}
        self.asked = []
        self.dry = False

    def __call__(self, request):
        self.asked.append(request)
        path = request.url.removeprefix(f"{URL}/api/v2").partition("?")[0]
        if self.dry and request.write:
            raise PermanentError("dry_run", "a dry run sends nothing")
        status, body = self.answer(request.method, path, request)
        return HttpResponse(status=status, headers=self.headers, body=json.dumps(body).encode())

    def answer(self, method, path, request):
        for key, refusal in self.refused.items():
            if f"{method} {path}".startswith(key):
                if isinstance(refusal, Exception):
                    raise refusal
                return refusal
        name, _, which = path[1:].partition("/")
        if path == "/users/me":
            return 200, {"user": self.me}
        if path == "/webhooks/test":
            return 200, {"response": {"status_code": self.tried, "headers": []}}
        if path.endswith("/signing_secret"):
            return 200, {"signing_secret": {"secret": self.secret, "algorithm": "SHA256"}}
        if name == "search":
            return 200, {"results": self.rows["results"]}
        one = next((row for row in self.rows[name] if str(row["id"]) == which), None)
        single = name.removesuffix("s")
        if method == "POST":
            new = {
                "id": "01NEW" if name == "webhooks" else 900,
                "active": True,
                **request.json[single],
            }
            self.rows[name].append(new)
            return 201, {single: new}
        if method in ("PATCH", "PUT"):
            one.update(request.json[single])
            return (204, None) if method == "PATCH" else (200, {single: one})
        return 200, {single: one} if which else {name: self.rows[name]}

    @property
    def written(self):
        return [one for one in self.asked if one.write and "/webhooks/test" not in one.url]

    @property
    def tries(self):
        return [one for one in self.asked if "/webhooks/test" in one.url]


def hook(**given):
    return {"id": "01H", "name": "Escalation bridge (zendesk)", "endpoint": HOOK_URL,
            "status": "active", "http_method": "POST", "request_format": "json",
            "subscriptions": list(SUBSCRIPTIONS), **given}  # fmt: skip


ALL = [
    {"field": "update_type", "operator": "is", "value": "Change"},
    {"field": "current_tags", "operator": "includes", "value": "bridge"},
    {"field": "role", "operator": "is", "value": "agent"},
]


def trigger(**given):
    return {"id": 7, "title": "Tell the bridge", "active": True,
            "conditions": {"all": ALL, "any": []},
            "actions": [{"field": "notification_webhook", "value": ["01T", TEMPLATE]}],
            **given}  # fmt: skip


def triggered(**given):
    return hook(id="01T", subscriptions=["conditional_ticket_events"], **given)


def set_up(account, connection=OAUTH, url=HOOK_URL):
    return drive(ZENDESK.setup(connection, url), account)


# --- the webhook ---------------------------------------------------------------------------------


def test_the_webhook_is_made_with_all_events_and_tried():
    account = Account(webhooks=[hook(id="01E", name="Theirs", endpoint="https://else.example")])
    steps = set_up(account)
    (made,) = account.written
    assert (made.method, made.url) == ("POST", f"{URL}/api/v2/webhooks")
    assert made.json["webhook"]["endpoint"] == HOOK_URL
    assert made.json["webhook"]["subscriptions"] == list(SUBSCRIPTIONS)
    assert any("is believed" in step for step in steps)
    assert not any(isinstance(step, Undone) for step in steps)


def test_again_changes_nothing_and_says_so():
    account = Account(webhooks=[hook()])
    steps = set_up(account)
    assert account.written == []
    assert any("is there already, and is as it should be" in step for step in steps)


def test_while_its_secret_is_unknown_it_is_told_where_to_find_and_not_tried():
    account = Account(webhooks=[hook()])
    account.secret = "n3w"
    told = " ".join(set_up(account))
    assert "--show-secret" in told
    assert "n3w" not in told
    assert account.tries == []


def test_the_secret_is_shown_when_asked_for():
    account = Account(webhooks=[hook(), hook(id="01E", endpoint="https://else.example/x")])
    assert drive(ZENDESK.reveal(OAUTH, HOOK_URL), account) == {"webhook 01H": "hook"}


@pytest.mark.parametrize(
    ("given", "change", "said"),
    [
        ({"status": "inactive"}, {"status": "active"}, "is switched off"),
        (
            {"endpoint": "https://old.example/hooks/zendesk"},
            {"endpoint": HOOK_URL},
            "sends to https://old.example/hooks/zendesk",
        ),
        ({"http_method": "PUT"}, {"http_method": "POST"}, "does not POST"),
        ({"request_format": "xml"}, {"request_format": "json"}, "does not send JSON"),
    ],
)
def test_a_webhook_of_ours_is_mended(given, change, said):
    account = Account(webhooks=[hook(**given)])
    steps = set_up(account)
    (request,) = account.written
    assert (request.method, request.json) == ("PATCH", {"webhook": change})
    assert any(step.startswith("mended the webhook 01H") and said in step for step in steps)
    before = len(account.asked)
    set_up(account)
    assert not any(one.write and "test" not in one.url for one in account.asked[before:])


def test_lacking_events_are_added_and_others_stay():
    theirs = ["zen:event-type:ticket.created", SUBSCRIPTIONS[0]]
    account = Account(webhooks=[hook(subscriptions=theirs)])
    steps = set_up(account)
    (request,) = account.written
    assert set(request.json["webhook"]["subscriptions"]) == {*theirs, *SUBSCRIPTIONS}
    assert any("does not tell of" in step and "merged" in step for step in steps)


def test_somebody_elses_webhook_is_left_alone():
    other = hook(id="01E", name="Reports", endpoint="https://else.example", status="inactive")
    account = Account(webhooks=[other])
    set_up(account)
    assert [one.method for one in account.written] == ["POST"]
    assert other["status"] == "inactive"


def test_a_webhook_that_stays_as_it_was_is_not_called_mended():
    account = Account(webhooks=[hook(status="inactive")])
    account.refused = {"PATCH /webhooks": (422, {"error": "RecordInvalid"})}
    (undone,) = [step for step in set_up(account) if isinstance(step, Undone)]
    assert "edit it by hand" in undone
    account.refused = {"PATCH /webhooks": (204, None)}  # said yes, did nothing
    (undone,) = [step for step in set_up(account) if isinstance(step, Undone)]
    assert "Zendesk kept it as it was" in undone


@pytest.mark.parametrize(
    ("tried", "advice"),
    [(401, "restart it"), (404, "no bridge with this connection"), (502, "stands before"),
     (0, "nothing answered at"), (None, "nothing answered at")],
)  # fmt: skip
def test_a_try_that_fails_says_what_to_do(tried, advice):
    account = Account(webhooks=[hook()])
    account.tried = tried
    (undone,) = [step for step in set_up(account) if isinstance(step, Undone)]
    assert advice in undone


def test_a_dry_run_only_reads():
    for rows in ({}, {"webhooks": [hook(status="inactive")]}, {"webhooks": [triggered()]}):
        for connection in (OAUTH, TRIGGERED):
            account = Account(**rows)
            account.dry = True
            before = json.dumps(account.rows)
            set_up(account, connection)
            assert json.dumps(account.rows) == before
            assert any(one.write for one in account.asked)  # it was thought of, and not sent


# --- what we may do ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "connection", "scope"),
    [
        ("GET /tickets", OAUTH, "read"),
        ("GET /webhooks", OAUTH, "webhooks:write"),
        ("POST /webhooks", OAUTH, "webhooks:write"),
        ("GET /triggers", TRIGGERED, "triggers:write"),
        ("POST /triggers", TRIGGERED, "triggers:write"),
    ],
)
def test_a_403_names_the_scope(key, connection, scope):
    account = Account()
    account.refused = {key: (403, {"error": "Forbidden"})}
    with pytest.raises(AuthError, match=f"the scope {scope};"):
        set_up(account, connection)


# --- the trigger way -----------------------------------------------------------------------------


def test_the_trigger_way_makes_a_webhook_of_its_kind_and_a_trigger_that_private_notes_pass():
    others = [{"id": 1, "title": "Theirs", "category_id": "613", "actions": []}]
    account = Account(triggers=others)
    set_up(account, TRIGGERED)
    first, second = account.written
    assert first.json["webhook"]["subscriptions"] == ["conditional_ticket_events"]
    made = second.json["trigger"]
    assert made["conditions"] == {"all": ALL, "any": []}
    assert made["actions"] == [{"field": "notification_webhook", "value": ["01NEW", TEMPLATE]}]
    assert made["category_id"] == "613"


def test_where_there_are_no_categories_none_is_named():
    account = Account()
    set_up(account, TRIGGERED)
    assert "category_id" not in account.written[1].json["trigger"]


def test_another_tag_is_an_option():
    connection = replace(TRIGGERED, options={**TRIGGERED.options, "trigger_tag": "social"})
    account = Account()
    set_up(account, connection)
    assert {"field": "current_tags", "operator": "includes", "value": "social"} in account.written[
        1
    ].json["trigger"]["conditions"]["all"]


def test_the_trigger_way_again_changes_nothing():
    account = Account(webhooks=[triggered()], triggers=[trigger()])
    steps = set_up(account, TRIGGERED)
    assert account.written == []
    assert any("'Tell the bridge' is there already" in step for step in steps)


PUBLIC_ONLY = {"field": "comment_is_public", "operator": "is", "value": "true"}
BRAND = {"field": "brand_id", "operator": "is", "value": "5"}
FLAWED = [
    ({"active": False}, "is switched off"),
    ({"conditions": {"all": [ALL[0]]}}, "it tells of every ticket"),
    ({"conditions": {"all": [*ALL, PUBLIC_ONLY]}}, "private notes"),
    ({"conditions": {"all": ALL, "any": [PUBLIC_ONLY]}}, "private notes"),
    ({"conditions": {"all": [{**ALL[0], "value": "Create"}, *ALL[1:]]}}, "is updated"),
    ({"actions": [{"field": "notification_webhook", "value": ["01T", "{}"]}]}, "cannot rely on"),
    (
        {
            "actions": [
                {
                    "field": "notification_webhook",
                    "value": ["01T", TEMPLATE[:-1] + ', "said": "{{ticket.latest_comment}}"}'],
                }
            ]
        },
        "cannot rely on",
    ),
]


@pytest.mark.parametrize(("given", "said"), FLAWED)
def test_a_trigger_of_ours_is_mended(given, said):
    account = Account(webhooks=[triggered()], triggers=[trigger(**given)])
    steps = set_up(account, TRIGGERED)
    (request,) = account.written
    assert (request.method, request.url) == ("PUT", f"{URL}/api/v2/triggers/7")
    assert any(step.startswith("mended the trigger") and said in step for step in steps)
    before = len(account.written)
    set_up(account, TRIGGERED)
    assert len(account.written) == before


def test_what_an_admin_added_to_the_trigger_stays():
    told = {"field": "priority", "value": "high"}
    row = trigger(active=False, conditions={"all": [BRAND, *ALL]})
    row["actions"] = [told, *row["actions"]]
    account = Account(webhooks=[triggered()], triggers=[row])
    set_up(account, TRIGGERED)
    assert row["conditions"]["all"] == [*ALL, BRAND]
    assert told in row["actions"]
    assert len(row["actions"]) == 2


def test_a_tag_of_yesterday_is_replaced_and_a_second_one_stays():
    vip = {**ALL[1], "value": "vip"}
    for given, left in (([ALL[0], vip], ALL), ([*ALL, vip], [*ALL, vip])):
        row = trigger(active=False, conditions={"all": given})
        set_up(Account(webhooks=[triggered()], triggers=[row]), TRIGGERED)
        assert row["conditions"]["all"] == left


def test_a_spare_webhook_that_stays_on_is_undone():
    account = Account(webhooks=[hook(), hook(id="02H")])
    account.refused = {"PATCH /webhooks/02H": (422, {"error": "RecordInvalid"})}
    (undone,) = [step for step in set_up(account) if isinstance(step, Undone)]
    assert "02H sends everything once more" in undone


def test_a_refused_trigger_is_undone_and_says_why():
    account = Account(webhooks=[triggered()])
    account.refused = {"POST /triggers": (422, {"error": "RecordInvalid", "description": "no"})}
    (undone,) = [step for step in set_up(account, TRIGGERED) if isinstance(step, Undone)]
    assert "422" in undone


def test_the_other_kind_is_switched_off_once_the_new_ones_secret_is_known():
    account = Account(webhooks=[hook(), triggered()], triggers=[trigger()])
    account.secret = "n3w"
    assert any("once the secret is known" in step for step in set_up(account, TRIGGERED))
    assert account.written == []
    account.secret = "hook"
    set_up(account, TRIGGERED)
    (request,) = account.written
    assert request.url.endswith("/webhooks/01H")
    assert request.json == {"webhook": {"status": "inactive"}}


# --- the doctor ----------------------------------------------------------------------------------


def findings(account, connection=OAUTH):
    return drive(ZENDESK.check(connection), account)


def wrong(found):
    return [text for fine, text in found if fine is False]


@pytest.mark.parametrize("connection", [OAUTH, AT_HOME])
def test_a_healthy_connection_is_green(connection):
    found = findings(Account(webhooks=[hook()]), connection)
    assert [fine for fine, _ in found] == [True] * 4


def test_a_secret_that_only_an_admin_may_see_is_no_fault():
    account = Account(webhooks=[hook()])
    account.refused = {"GET /webhooks/01H/signing_secret": (403, {"error": "Forbidden"})}
    found = findings(account)
    assert wrong(found) == []
    assert any("only by an admin" in text for _, text in found)


@pytest.mark.parametrize(
    ("key", "answer", "words"),
    [
        ("GET /users/me", (401, {"error": "invalid"}), "401"),
        ("GET /users/me", (200, {"user": {"id": None}}), "not valid"),
        ("GET /tickets", (403, {}), "scope"),
        ("GET /webhooks", (403, {}), "webhooks cannot be seen"),
    ],
)
def test_a_refusal_is_one_finding(key, answer, words):
    account = Account(webhooks=[hook()])
    account.refused = {key: answer}
    if key == "GET /webhooks":
        account.rows["webhooks"] = []
    (text,) = wrong(findings(account))
    assert words in text


@pytest.mark.parametrize(
    ("hooks", "connection", "words"),
    [
        ([], OAUTH, "no webhook ends in /hooks/zendesk: run `bridge setup zendesk`"),
        ([hook(status="inactive")], OAUTH, "switched off"),
        ([hook(subscriptions=["x"])], OAUTH, "comment_added"),
        ([hook(subscriptions=list(SUBSCRIPTIONS[1:]))], OAUTH, "does not tell of comment_added:"),
        ([hook(endpoint="https://old.example/hooks/zendesk")], AT_HOME, "not to https://bridge"),
        ([triggered()], OAUTH, "not of the kind that notify: events asks for"),
        ([hook()], TRIGGERED, "not of the kind that notify: trigger asks for"),
        ([hook(), hook(id="02H")], OAUTH, "all comes twice"),
    ],
)
def test_what_is_wrong_with_a_webhook_is_named(hooks, connection, words):
    (text,) = wrong(findings(Account(webhooks=hooks), connection))
    assert words in text


def test_an_unknown_secret_names_the_command_that_shows_it():
    account = Account(webhooks=[hook()])
    account.secret = "n3w"
    (text,) = wrong(findings(account))
    assert "--show-secret" in text
    assert "n3w" not in text


def test_a_spare_webhook_that_is_switched_off_harms_nobody():
    off = hook(id="02H", status="inactive", subscriptions=[])
    assert wrong(findings(Account(webhooks=[hook(), off]))) == []


@pytest.mark.parametrize(("given", "said"), FLAWED)
def test_the_flaws_of_a_trigger_are_named(given, said):
    account = Account(webhooks=[triggered()], triggers=[trigger(**given)])
    (text,) = wrong(findings(account, TRIGGERED))
    assert said in text
    assert "run `bridge setup zendesk`" in text


def test_the_trigger_way_needs_its_trigger():
    assert wrong(findings(Account(webhooks=[triggered()], triggers=[trigger()]), TRIGGERED)) == []
    (text,) = wrong(findings(Account(webhooks=[triggered()]), TRIGGERED))
    assert "no trigger calls webhook 01T" in text
    account = Account(webhooks=[triggered()])
    account.refused = {"GET /triggers": (403, {})}
    (text,) = wrong(findings(account, TRIGGERED))
    assert "triggers cannot be seen" in text


@pytest.mark.parametrize(
    ("scope", "lacking"),
    [
        ("read tickets:write users:write", None),
        ("read write", None),
        ("tickets:read users:read tickets:write users:write", None),
        ("read", "tickets:write, users:write"),
        ("tickets:write users:write", "tickets:read, users:read"),
    ],
)
def test_a_scope_that_is_too_small_is_told_before_a_write_meets_it(scope, lacking):
    connection = replace(OAUTH, options={**OAUTH.options, "scope": scope})
    texts = wrong(findings(Account(webhooks=[hook()]), connection))
    assert [text for text in texts if "scope does not allow" in text] == (
        [f"scope does not allow {lacking}; set it to `read tickets:write users:write`"]
        if lacking
        else []
    )


@pytest.mark.parametrize(("plan", "fine"), [("700", None), ("200", False), ("400", True)])
def test_the_plans_limit_is_compared_with_ours(plan, fine):
    account = Account(webhooks=[hook()])
    account.headers = {"x-rate-limit": plan}
    connection = replace(OAUTH, options={**OAUTH.options, "requests_per_minute": 400})
    told = [ok for ok, text in findings(account, connection) if "requests a minute" in text]
    assert told == ([] if fine else [fine])


def mails(**given):
    return {"id": 1, "title": "Notify requester and CCs of comment update", "active": True,
            "conditions": {"all": []},
            "actions": [{"field": "notification_user", "value": ["requester_and_ccs", "s", "b"]}],
            **given}  # fmt: skip


def test_triggers_that_mail_requesters_are_worth_a_note():
    notes = [
        text
        for fine, text in findings(Account(webhooks=[hook()], triggers=[mails()]))
        if fine is None
    ]
    assert len(notes) == 1
    assert "'Notify requester and CCs of comment update'" in notes[0]


@pytest.mark.parametrize(
    "given",
    [
        {"active": False},
        {"actions": [{"field": "notification_user", "value": ["assignee_id", "s", "b"]}]},
        {"conditions": {"all": [{**ALL[1], "operator": "not_includes", "value": "vip bridge"}]}},
    ],
)  # fmt: skip
def test_a_trigger_that_mails_no_customer_of_ours_is_not(given):
    found = findings(Account(webhooks=[hook()], triggers=[mails(**given)]))
    assert [fine for fine, _ in found] == [True] * 4


def test_tickets_of_zendesks_own_channels_are_worth_a_note():
    made = [
        {"id": 9, "created_at": "2026-11-21T10:00:00Z", "via": {"channel": "facebook"}},
        {"id": 8, "created_at": "2026-11-20T10:00:00Z", "via": {"channel": "facebook"}},
        {"id": 7, "created_at": "2026-11-20T10:00:00Z", "via": {"channel": "email"}},
    ]
    account = Account(webhooks=[hook()], results=made)
    (note,) = [text for fine, text in findings(account) if fine is None]
    assert "facebook (ticket 9, 2026-11-21)" in note
    assert "two tickets" in note
    assert "email" not in note


@pytest.mark.parametrize(
    "answer", [(422, {"error": "invalid"}), (200, {"results": None}), TransientError("timeout", "slow")]
)  # fmt: skip
def test_a_search_that_fails_is_no_fault(answer):
    account = Account(webhooks=[hook()])
    account.refused = {"GET /search": answer}
    assert [fine for fine, _ in findings(account)] == [True] * 4


def test_the_doctor_repeats_the_warning_about_api_tokens():
    found = findings(Account(webhooks=[hook()]), TOKEN)
    assert any("2027-04-30" in text for text in wrong(found))


def test_lists_are_read_to_their_end_by_cursor_and_by_page():
    pages = [
        {"webhooks": [], "meta": {"has_more": True, "after_cursor": "c"}},
        {"webhooks": [hook()], "meta": {"has_more": False}},
        {"triggers": [], "next_page": f"{URL}/api/v2/triggers.json?page=2"},
        {"triggers": [mails()], "next_page": None},
    ]
    asked = []
    account = Account(webhooks=[hook()])

    def send(request):
        if request.url.endswith(("/webhooks", "/triggers")):
            asked.append(dict(request.params))
            return HttpResponse(status=200, body=json.dumps(pages[len(asked) - 1]).encode())
        return account(request)

    found = drive(ZENDESK.check(OAUTH), send)
    assert wrong(found) == []
    assert any("mail requesters" in text for _, text in found)
    assert asked[1]["page[after]"] == "c"
    assert asked[3] == {"per_page": "100", "page": "2"}


# --- the map -------------------------------------------------------------------------------------

FIELDS = [
    {"id": 1, "type": "subject", "title": "Subject", "active": True, "removable": False, "required": True},
    {"id": 2, "type": "priority", "title": "Priority", "active": True, "removable": False,
     "system_field_options": [{"name": "-", "value": "-"}, {"name": "Normal", "value": "normal"},
                              {"name": "High", "value": "high"}]},
    {"id": 360004, "type": "tagger", "title": "Reason", "active": True, "removable": True,
     "custom_field_options": [{"name": "Refund", "value": "reason_refund"}]},
    {"id": 360005, "type": "text", "title": "Order", "active": True, "required": True},
    {"id": 360006, "type": "text", "title": "Old", "active": False, "required": True},
    {"id": 360007, "type": "checkbox", "title": "Public", "active": True,
     "required_in_portal": True},
]  # fmt: skip
STATUSES = [
    {"id": 100, "status_category": "open", "agent_label": "Open", "active": True, "default": True},
    {"id": 101, "status_category": "hold", "agent_label": "Waiting for parts",
     "end_user_label": "On its way", "active": True, "default": False},
    {"id": 102, "status_category": "open", "agent_label": "Legacy", "active": False,
     "default": False},
]  # fmt: skip
FORM = {
    "id": 5, "name": "Default", "default": True,
    "agent_conditions": [
        {"parent_field_id": 360004, "value": "reason_refund", "child_fields": [
            {"id": 360005, "is_required": True,
             "required_on_statuses": {"type": "SOME_STATUSES", "statuses": ["solved"]}},
            {"id": 360007, "is_required": False, "required_on_statuses": {"type": "NO_STATUSES"}},
        ]},
    ],
}  # fmt: skip


def compared(known, connection=OAUTH, **rows):
    there = {"ticket_fields": FIELDS, "custom_statuses": STATUSES,
             "groups": [{"id": 11, "name": "Refunds"}, {"id": 12, "name": "Gone", "deleted": True}],
             "ticket_forms": [], **rows}  # fmt: skip
    return drive(ZENDESK.check_map(connection, known), Account(**there))


def test_a_map_that_fits_is_green():
    known = HelpdeskMap(
        priorities={"high": "high"},
        groups={"Refunds": 11},
        fields={
            "reason": {"id": 360004, "values": {"refund": "reason_refund"}},
            "order": {"id": "360005", "from": "extra.order"},
            "public": {"id": 360007, "values": {"yes": "true"}},
        },
        statuses={"new": "new", "hold": "on_hold", "101": "pending"},
    )
    found = compared(known)
    assert wrong(found) == []
    assert found[0] == (True, "the account has what the map names (3 fields, 1 groups)")


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({"fields": {"a": {"id": 999}}}, "fields > a > id 999: the account has no such"),
        ({"fields": {"a": {"id": 360006}}}, "'Old' is switched off"),
        ({"fields": {"a": {"id": 1}}}, "a field of the system"),
        (
            {"fields": {"a": {"id": 360004, "values": {"x": "reason_x"}}}},
            "'Reason' has no option reason_x; it has reason_refund",
        ),
        ({"fields": {"a": {"id": 360004, "from": "channel"}}}, "is a drop-down; say which"),
        ({"fields": {"a": {"id": 360007, "values": {"x": "1"}}}}, "is a checkbox"),
        ({"groups": {"R": 99}}, "groups > R: the account has no group 99; it has Refunds 11"),
        ({"groups": {"G": 12}}, "no group 12"),
        ({"priorities": {"urgent": "urgent"}}, "the account has no urgent; it has normal, high"),
        ({"statuses": {"waiting": "pending"}}, "statuses > waiting: neither a status"),
        ({"statuses": {"Legacy": "pending"}}, "statuses > Legacy: neither"),
        ({"statuses": {"102": "pending"}}, "statuses > 102: neither"),
        ({"statuses": {"on its way": "pending"}}, 'write its number, "101"'),
        ({"statuses": {"Waiting for parts": "pending"}}, 'write its number, "101"'),
    ],
)
def test_each_difference_is_named(known, words):
    (text,) = wrong(compared(HelpdeskMap(**known)))
    assert words in text


def test_the_tag_that_the_trigger_waits_for_must_be_in_the_map():
    known = HelpdeskMap(tags=("social",))
    (text,) = wrong(compared(known, TRIGGERED))
    assert "'bridge', which the map puts on no ticket (it has social)" in text
    assert wrong(compared(known)) == []
    other = replace(TRIGGERED, options={**TRIGGERED.options, "trigger_tag": "social"})
    assert wrong(compared(known, other)) == []


def test_what_the_account_demands_is_worth_a_note():
    notes = [text for fine, text in compared(HelpdeskMap(), ticket_forms=[FORM]) if fine is None]
    custom, solving, portal, form = notes
    assert "'Waiting for parts' (101, as hold)" in custom
    assert solving == "to solve a ticket, agents must fill 'Order'"
    assert portal.endswith("not of the bridge: 'Public'")
    assert form == (
        "the form 'Default' asks agents for 'Order' (in solved) when 'Reason' is reason_refund"
    )


def test_a_plan_without_forms_and_custom_statuses_is_no_fault():
    account = Account(ticket_fields=FIELDS[:2])
    account.refused = {
        "GET /custom_statuses": (404, {"error": "RecordNotFound"}),
        "GET /ticket_forms": (403, {"error": "Forbidden"}),
    }
    found = drive(ZENDESK.check_map(OAUTH, HelpdeskMap(statuses={"hold": "on_hold"})), account)
    assert found == [(True, "the account has what the map names (0 fields, 0 groups)")]


def test_fields_that_cannot_be_read_are_an_error_with_the_reason():
    account = Account()
    account.refused = {"GET /ticket_fields": (403, {"error": "Forbidden"})}
    with pytest.raises(AuthError, match="scope"):
        drive(ZENDESK.check_map(OAUTH, HelpdeskMap()), account)
