"""Freshdesk's verbs over HTTP, against the fake Freshdesk, which refuses what the real one refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from support.sandbox import Sandbox

from bridge.core.calls import Calls, HttpRequest, HttpResponse, drive
from bridge.core.errors import AuthError, PermanentError
from bridge.core.mapping import HelpdeskMap
from bridge.core.model import Connection, Draft, File, Secret, Status
from bridge.helpdesks import HELPDESKS
from bridge.http import Http
from bridge.sandbox.wires import FRESHDESK_API_KEY

FRESHDESK = HELPDESKS["freshdesk"]
DRAFT = Draft(
    stamp="5f" * 16,
    conversation="instagram:1:2:3",
    marker="1a2b3c4d5e6f7a8b9c0d",
    subject="Instagram comment from Ana",
    text="Where is\nmy <b>order</b> & {{ticket.id}}?",
    requester_id="ab" * 16,
    requester_name="Ana M",
    priority="high",
    tags=("bridge", "a-tag-of-more-than-thirty-two-characters"),
)


class Desk:
    """The adapter, with a way out and its credentials."""

    def __init__(self, url: str) -> None:
        self.http = Http(pool=2)
        self.connection = Connection(
            name="freshdesk",
            type="freshdesk",
            options={
                **FRESHDESK.options,
                "url": f"{url}/freshdesk",
                "api_key": Secret(FRESHDESK_API_KEY),
            },
        )

    def ask(self, verb: str, *given: Any, where: Connection | None = None) -> Any:
        connection = where or self.connection
        calls: Calls[Any] = getattr(FRESHDESK, verb)(connection, *given)

        def send(request: HttpRequest) -> HttpResponse:
            headers = {**request.headers, **(FRESHDESK.authorise(connection) or {})}
            return self.http.send(replace(request, headers=headers))

        return drive(calls, send)

    def create(self, draft: Draft = DRAFT, files: tuple[File, ...] = ()) -> Any:
        return self.ask("create", json.dumps(FRESHDESK.create_body(draft)), "key", files)

    def update(self, ticket: str, draft: Draft, files: tuple[File, ...] = ()) -> Any:
        return self.ask("update", ticket, json.dumps(FRESHDESK.update_body(draft)), files)


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.post("reset")
    return running


@pytest.fixture
def desk(sandbox: Sandbox) -> Iterator[Desk]:
    made = Desk(sandbox.url)
    yield made
    made.http.close()


def words(text: str, ticket: Any, **more: Any) -> Draft:
    return replace(DRAFT, text=text, requester_id=ticket.requester_id, **more)


def test_a_ticket_is_opened_found_and_read(desk: Desk) -> None:
    ticket = desk.create()
    assert ticket.stamp == DRAFT.stamp
    assert ticket.status is Status.OPEN
    (found,) = desk.ask("find", DRAFT.stamp, "ab" * 16)
    assert (found.id, found.requester_id) == (ticket.id, ticket.requester_id)
    assert desk.ask("read", ticket.id).status_word == "2"
    assert desk.ask("find", "00" * 16, "ab" * 16) == []
    assert desk.ask("find", DRAFT.stamp, "cd" * 16) == []


def test_the_second_ticket_of_a_person_has_the_same_contact(desk: Desk) -> None:
    one, two = desk.create(), desk.create(replace(DRAFT, stamp="6f" * 16))
    assert one.requester_id == two.requester_id
    assert one.id != two.id


def test_the_search_is_understood(desk: Desk) -> None:
    desk.create()
    assert isinstance(desk.ask("find", DRAFT.stamp, ""), list)  # its index is behind


def test_a_stamp_may_be_a_tag(desk: Desk) -> None:
    tagged = replace(desk.connection, options={**desk.connection.options, "stamp_field": "tags"})
    body = json.dumps(FRESHDESK.create_body(DRAFT))
    ticket = desk.ask("create", body, "key", (), where=tagged)
    assert ticket.stamp == DRAFT.stamp
    (found,) = desk.ask("find", DRAFT.stamp, "ab" * 16, where=tagged)
    assert found.id == ticket.id


def test_words_and_notes_come_back_as_ours(desk: Desk) -> None:
    ticket = desk.create()
    desk.update(ticket.id, words("More & <i>more</i>\nand more", ticket))
    desk.update(ticket.id, replace(DRAFT, text="", note="For you", marker="b" * 20))
    note, said = desk.ask("comments", ticket.id)
    assert (said.text, said.staff, said.public) == ("More & <i>more</i>\nand more", False, True)
    assert said.author_id == ticket.requester_id
    assert (note.text, note.staff, note.public) == ("For you", True, False)
    assert note.marker
    assert said.marker
    assert desk.ask("marked", ticket.id, DRAFT.marker)
    assert desk.ask("marked", ticket.id, "b" * 20)
    assert not desk.ask("marked", ticket.id, "c" * 20)


def test_a_contact_that_is_not_known_is_looked_up(desk: Desk) -> None:
    ticket = desk.create()
    done = desk.update(ticket.id, replace(DRAFT, text="More"))
    assert done.actor_id == ticket.requester_id


def test_an_agents_answer_is_read_and_ours_is_not_theirs(desk: Desk, sandbox: Sandbox) -> None:
    ticket = desk.create()
    sandbox.post("agent/comment", {"helpdesk": "freshdesk", "ticket": ticket.id, "text": "Soon"})
    sandbox.post(
        "agent/comment",
        {"helpdesk": "freshdesk", "ticket": ticket.id, "text": "/mute 7d", "public": False},
    )
    private, public = desk.ask("comments", ticket.id)
    assert (public.text, public.public, public.staff, public.marker) == ("Soon", True, True, None)
    assert (private.text, private.public) == ("/mute 7d", False)


def test_who_we_are_is_who_writes(desk: Desk) -> None:
    me = desk.ask("whoami").split(" ")
    ticket = desk.create()
    done = desk.update(ticket.id, replace(DRAFT, text="", note="x"))
    assert done.actor_id == me[0]
    assert "@" in me[1]


def test_a_solved_ticket_is_opened_again(desk: Desk, sandbox: Sandbox) -> None:
    ticket = desk.create()
    sandbox.post("agent/status", {"helpdesk": "freshdesk", "ticket": ticket.id, "status": 5})
    assert desk.ask("read", ticket.id).status is Status.CLOSED
    desk.update(ticket.id, words("Again", ticket, status=Status.OPEN))
    assert desk.ask("read", ticket.id).status is Status.OPEN


def test_files_go_in_and_come_out(desk: Desk, sandbox: Sandbox) -> None:
    file = File(name="a.png", media_type="image/png", content=b"\x89PNG canary")
    ticket = desk.create(files=(file,))
    assert ticket.stamp == DRAFT.stamp
    desk.update(ticket.id, words("See", ticket), (file, file))
    (said,) = desk.ask("comments", ticket.id)
    assert len(said.attachments) == 2
    assert desk.ask("fetch", said.attachments[0]).content == file.content


def test_a_merge_is_followed(desk: Desk, sandbox: Sandbox) -> None:
    one, two = desk.create(), desk.create(replace(DRAFT, stamp="6f" * 16))
    sandbox.post("agent/merge", {"helpdesk": "freshdesk", "ticket": one.id, "into": two.id})
    assert desk.ask("read", one.id).merged_into == two.id
    assert desk.ask("read", two.id).merged_into is None


def test_a_deleted_ticket_takes_no_words_and_comes_back(desk: Desk, sandbox: Sandbox) -> None:
    ticket = desk.create()
    sandbox.post("agent/delete", {"helpdesk": "freshdesk", "ticket": ticket.id})
    assert desk.ask("read", ticket.id).status is Status.DELETED
    assert desk.ask("find", DRAFT.stamp, "ab" * 16) == []
    for draft in (words("More", ticket), words("More", ticket, status=Status.OPEN)):
        with pytest.raises(PermanentError) as caught:
            desk.update(ticket.id, draft)
        assert caught.value.gone
    sandbox.post("agent/restore", {"helpdesk": "freshdesk", "ticket": ticket.id})
    assert desk.ask("read", ticket.id).status is Status.OPEN


def test_a_wrong_key_is_refused_and_a_wrong_place_is_no_deleted_ticket(desk: Desk) -> None:
    options = desk.connection.options
    wrong = replace(desk.connection, options={**options, "api_key": Secret("no such key")})
    with pytest.raises(AuthError):
        desk.ask("read", "1", where=wrong)
    with pytest.raises(PermanentError) as caught:
        desk.ask("read", "1")
    assert caught.value.gone
    lost = replace(desk.connection, options={**options, "url": f"{options['url']}/elsewhere"})
    with pytest.raises(PermanentError) as caught:
        desk.ask("read", "1", where=lost)
    assert not caught.value.gone


def test_the_doctor_finds_the_account_well(desk: Desk) -> None:
    assert [text for fine, text in desk.ask("check") if fine is False] == []
    assert [text for fine, text in desk.ask("check_map", HelpdeskMap()) if fine is False] == []
    wrong = HelpdeskMap(fields={"reason": {"id": "cf_none"}}, statuses={"99": "open"})
    assert len([1 for fine, _ in desk.ask("check_map", wrong) if fine is False]) == 2


def test_setup_changes_nothing_and_tells_what_to_paste(desk: Desk) -> None:
    steps = desk.ask("setup", "https://bridge.example.com/hooks/freshdesk")
    assert any(step.startswith("{") for step in steps)
