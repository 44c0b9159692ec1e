"""`bridge erase`: who is erased is in no key any more, the others are untouched, and the books balance."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.erased import HER, HIS, NAME, WHOSE, balanced, both, erase, hers, left

from bridge.cli import parts
from bridge.core.errors import TransientError
from bridge.core.model import (
    Author,
    Change,
    Connection,
    Kind,
    Message,
    TicketComment,
    TicketUpdate,
    Visibility,
)
from bridge.http import Http
from bridge.jobs import erasing
from bridge.jobs.erasing import Wanted
from bridge.jobs.ingest import of_message, of_update
from bridge.jobs.outside import Outside
from bridge.jobs.watch import Watch
from bridge.sandbox.wires import PAGE_ID
from bridge.store import Store
from bridge.wiring import build


def on_disk(folder: Path, word: str) -> bool:
    """Whether Redis' files hold *word*."""
    files = [one for one in folder.rglob("*") if one.is_file()]
    return any(word.encode() in one.read_bytes() for one in files)


def until(true: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    patience = time.monotonic() + 60
    while not true():
        assert time.monotonic() < patience
        time.sleep(0.02)


def test_it_says_first_what_would_go_and_changes_nothing(town: Any) -> None:
    town.deliver("meta", both(), "one")
    town.work()
    before = sorted(left(town, *WHOSE))
    code, out, _ = town.run("erase", HER)
    assert code == 0
    assert "This would be erased: 1 conversation, " in out
    assert "Nothing was changed" in out
    assert "What the helpdesk keeps is deleted there" in out
    assert not any(one in out for one in ("kettle", "Zuzanna"))
    assert sorted(left(town, *WHOSE)) == before != []


def test_a_word_that_only_payloads_hold_is_nobody(town: Any) -> None:
    town.deliver("meta", both(), "one")
    town.work()
    code, out, _ = town.run("erase", "comment")
    assert (code, "Nobody is known as comment" in out) == (0, True)
    assert "Nobody is known" not in town.run("erase", HER)[1]


def test_nothing_is_left_of_them_and_all_of_the_others(town: Any) -> None:
    town.deliver("meta", both(), "one")
    town.work()
    town.deliver("meta", hers("502", "and now my kettle leaks too, violetly"), "two")
    town.work()
    room = next(row["room"] for _, row in town.store.events() if "Wolski" in row.get("doc", ""))
    his = {eid: row for eid, row in town.store.events() if row.get("room") == room}
    assert his
    assert left(town, *WHOSE)
    told = erase(town)
    assert told["erased"] is True
    assert told["rewritten"] is True
    assert len(told["conversations"]) == 2
    assert [one["id"] for one in told["people"]] == [HER]
    assert told["tickets"][0]["requester"]
    assert left(town, *WHOSE) == []
    assert {eid: town.store.event(eid) for eid in his} == his
    assert town.store.hash(f"r:{room}")["ticket"]
    assert any("Wolski" in one for one in left(town, "Adam Wolski"))
    balanced(town)
    code, out, _ = town.run("erase", HER)
    assert (code, out.startswith(f"Nothing is kept of {HER}.\n")) == (1, True)
    assert json.loads(town.run("erase", HER, "--yes", "--json")[1])["erased"] is False


def test_every_look_at_what_is_kept_goes_on(town: Any) -> None:
    town.deliver("meta", both(), "one")
    town.work()
    (eid,) = [eid for eid, row in town.store.events() if "kettle" in row.get("doc", "")]
    erase(town)
    for command in (
        "report",
        "summary",
        "unanswered",
        "feedback",
        "ambassadors",
        "status",
        "backtest",
    ):
        code, out, err = town.run(command)
        assert code in (0, 1), (command, err)
        assert not any(one in out for one in WHOSE), command
    assert "erased" in town.run("why", eid)[1]
    bridge = build(parts.settings())
    (told,) = [one for one in bridge.decisions() if one["id"] == eid]
    assert (told["text"], told["who"], told["reason"]) == ("", None, "erased")
    bridge.store.close()


def test_what_comes_again_brings_no_words_back_and_what_is_new_is_new(town: Any) -> None:
    town.deliver("meta", both(), "one")
    town.work()
    erase(town)
    town.deliver("meta", both(), "one")  # the same delivery
    town.deliver("meta", hers(), "another wrapping")
    town.work()
    assert left(town, *WHOSE) == []
    balanced(town)
    town.deliver("meta", hers("777", "a new kettle is broken, refund"), "new")
    town.work()
    assert len(town.json("export", f"{PAGE_ID}_777")["conversations"]) == 1
    balanced(town)


def test_words_that_nobody_has_read_yet_are_read_and_go(town: Any) -> None:
    town.deliver("meta", both(), "one")
    told = town.json("erase", HER)
    assert (told["unread"], told["events"]) == (1, 0)
    erase(town)
    assert left(town, *WHOSE) == []
    balanced(town)
    town.work()
    assert [row["reason"] for _, row in town.store.events() if row.get("reason") == "erased"]
    assert len(town.json("export", f"{PAGE_ID}_601")["conversations"]) == 1
    assert left(town, *WHOSE) == []


def test_words_that_wait_in_their_lane_end_as_erased(town: Any) -> None:
    town.run("pause", "zendesk")
    town.deliver("meta", both(), "one")
    town.work()
    (eid,) = [eid for eid, row in town.store.events() if "kettle" in row.get("doc", "")]
    assert town.store.event(eid)["state"] in ("in_progress", "parked")
    erase(town)
    assert (town.store.event(eid)["state"], town.store.event(eid)["reason"]) == (
        "ignored",
        "erased",
    )
    assert left(town, *WHOSE) == []
    balanced(town)
    town.run("resume", "zendesk")
    town.work()
    assert left(town, *WHOSE) == []
    assert town.json("why", eid)["events"][0]["sentence"]
    balanced(town)


def writes(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], None]) -> None:
    """Do something *meanwhile*: while the first write to the outside is under way."""
    plain, begun = Http.send, list[object]()

    def send(http: Http, request: Any) -> Any:
        if request.write and not begun:
            begun.append(request)
            meanwhile()
        return plain(http, request)

    monkeypatch.setattr(Http, "send", send)


def test_what_a_worker_has_in_hand_ends_first_and_then_goes(
    town: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits, plain = threading.Event(), erasing._wait

    def wait(until: float, why: str) -> None:
        waits.set()
        plain(until, why)

    monkeypatch.setattr(erasing, "_wait", wait)
    told: list[erasing.Found] = []
    eraser = threading.Thread(
        target=lambda: told.append(erasing.erase(town.store, Wanted(HER))), daemon=True
    )

    def meanwhile() -> None:
        eraser.start()
        assert waits.wait(60)  # it has met the turn, and lets it end

    writes(monkeypatch, meanwhile)
    town.deliver("meta", hers(), "one")
    town.work()
    eraser.join(60)
    assert told[0].events
    assert town.store.erasing() == set()
    assert left(town, *WHOSE) == []
    assert list(town.store.rooms()) == []
    balanced(town)
    town.work()
    assert left(town, *WHOSE) == []


def test_who_is_in_hand_for_too_long_is_told_of_and_the_next_try_does_it(
    town: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.deliver("meta", hers(), "one")
    erasing.read_first(build(parts.settings()))
    (room,) = dict(town.store.rooms())
    town.store.put(f"lease:in:{room}", "somebody", 600)
    monkeypatch.setattr(erasing, "PATIENCE", 0.0)
    code, _, err = town.run("erase", HER, "--yes")
    assert (code, "in hand" in err) == (1, True)
    assert town.store.hash(f"r:{room}")
    town.store.forget(f"lease:in:{room}")
    erase(town)
    assert left(town, *WHOSE) == []


def test_whoever_dies_at_each_step_leaves_nothing_that_the_next_does_not_find(
    town: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.run("mute", "add", "author", HER, "--because", "x")
    town.deliver("meta", both(), "one")
    town.work()
    town.deliver("meta", hers("502"), "two")
    town.deliver("meta", hers("503"), "three")
    erasing.read_first(build(parts.settings()))
    plain, steps = Store._run, list[str]()

    def die_after_one(store: Store, name: str, *args: Any) -> Any:
        if name == "erase" and "erase" in steps:
            raise TransientError("redis_away", "killed")
        steps.append(name)
        return plain(store, name, *args)

    monkeypatch.setattr(Store, "_run", die_after_one)
    deaths = 0
    while True:
        steps.clear()
        try:
            erasing.erase(town.store, Wanted(HER))
        except TransientError:
            deaths += 1
            continue
        break
    assert deaths > 1
    assert town.store.erasing() == set()
    assert left(town, *WHOSE) == []
    assert town.store.mutes().keys() <= {"now"}
    balanced(town)


def test_a_dead_letter_of_theirs_goes_and_cannot_be_tried_again(town: Any) -> None:
    town.deliver("meta", hers()[:-2], "cut off")
    town.deliver("meta", b"{not json, of somebody else", "other")
    town.work()
    assert len(town.store.dead()) == 2
    erase(town)
    (other,) = town.store.dead()
    assert town.store.event(other)["d"] == "other"
    assert left(town, *WHOSE) == []
    balanced(town)
    assert town.run("dead", "retry", other)[0] == 0


def test_the_words_leave_the_disk(town: Any, redisbox: Any) -> None:
    word = "violetly-on-disk"
    town.deliver("meta", hers("501", f"my kettle is {word}"), "one")
    town.work()
    assert on_disk(redisbox.folder, word)
    assert erase(town)["rewritten"]
    until(lambda: not on_disk(redisbox.folder, word))


def test_labels_waits_mutes_and_what_else_hangs_on_them_go_too(town: Any) -> None:
    town.deliver("meta", hers(), "one")
    town.work()
    (row,) = [row for _, row in town.store.events() if "kettle" in row.get("doc", "")]
    pk, mid = row["pk"], row["mid"]
    for key in (f"label:{pk}", f"contacts:{pk}", f"cooldown:{pk}", f"once:{pk}:hello"):
        town.store.put(key, NAME, 600)
    town.run("mute", "add", "author", f"@{HER}", "--because", "x")
    town.run("mute", "add", "author", HIS, "--because", "x")
    town.store.put(f"rate:meta:pair:{PAGE_ID}:{HER}", "1", 600)
    assert town.store.hash(f"m:{mid}")
    assert len(erase(town)["mutes"]) == 1
    there = {key.decode() for key in town.store.client.scan_iter()}
    kinds = ("label:", "contacts:", "cooldown:", "once:", "person:", "thread:", "who:",
             "rate:meta:pair:", "r:", "sent:", "join:", "waiting:")  # fmt: skip
    assert [one for one in there if one.startswith(tuple(f"bridge:{kind}" for kind in kinds))] == []
    assert town.store.hash(f"m:{mid}") == {"erased": "1"}
    assert town.store.get("ticket:" + row["ticket"]) == "erased"
    (mute,) = town.json("mute", "list")["mutes"]
    assert mute["value"] == HIS
    assert left(town, *WHOSE) == []


def test_where_nobody_has_an_id_only_their_own_words_and_their_name_go(town: Any) -> None:
    post = "1_1"
    for ident, name, words in (
        ("1", "zuzanna.kn", "my kettle is broken"),
        ("2", "adam", "refund me"),
    ):
        said = Message(
            channel="facebook", account_id=PAGE_ID, kind=Kind.COMMENT, change=Change.CREATED,
            external_id=ident, thread_id=post, visibility=Visibility.PUBLIC, text=words,
            author=Author(username=name), dedupe=ident,
        )  # fmt: skip
        bridge = build(parts.settings())
        row = of_message(bridge, bridge.config.connections["meta"], said, datetime.now(UTC))
        town.store.record("", "meta", [row])
        bridge.store.close()
    ((room, _),) = town.store.rooms()
    town.store.client.hset(f"bridge:r:{room}", "author", json.dumps({"username": "zuzanna.kn"}))
    town.json("erase", "@zuzanna.kn", "--yes")
    assert left(town, "zuzanna", "kettle") == []
    assert left(town, "refund me")
    assert [one for one, _ in town.store.rooms()] == [room]
    balanced(town)


def test_our_words_to_them_go_where_the_platform_told_us_of_them_too(town: Any) -> None:
    town.deliver("meta", hers(), "one")
    town.work()
    (eid,) = [eid for eid, row in town.store.events() if "kettle" in row.get("doc", "")]
    town.store.client.hset(f"bridge:e:{eid}", "posted", '["1_99"]')
    bridge = build(parts.settings())
    for ident, words in (("1_99", "sorry for the kettle"), ("1_98", "a word to somebody else")):
        said = Message(
            channel="facebook", account_id=PAGE_ID, kind=Kind.COMMENT, change=Change.CREATED,
            external_id=ident, thread_id="1_1", visibility=Visibility.PUBLIC, text=words, own=True,
            ignored="own", author=Author(id=PAGE_ID, name="Acme"), dedupe=ident,
        )  # fmt: skip
        row = of_message(bridge, bridge.config.connections["meta"], said, datetime.now(UTC))
        town.store.record("", "meta", [row])
    bridge.store.close()
    erase(town)
    assert left(town, *WHOSE) == []
    assert left(town, "a word to somebody else")


def test_what_the_helpdesk_tells_of_their_ticket_afterwards_is_not_kept(town: Any) -> None:
    town.deliver("meta", both(), "one")
    town.work()
    (hers,) = erase(town)["tickets"]
    (his,) = [row["ticket"] for _, row in town.store.rooms()]
    desk = Connection(name=hers["helpdesk"], type=hers["helpdesk"])
    for ticket in (hers["ticket"], his):
        said = TicketComment(id=f"c{ticket}", text=f"words on {ticket}", public=True)
        update = TicketUpdate(dedupe=f"d{ticket}", ticket_id=ticket, stamp=None, comment=said)
        town.store.record("", desk.name, [of_update(desk, update)])
    assert left(town, f"words on {hers['ticket']}") == []
    assert left(town, f"words on {his}")
    balanced(town)


def test_a_ticket_that_was_merged_into_anothers_stays_the_others(town: Any) -> None:
    town.deliver("meta", both(), "one")
    town.work()
    rooms = {HER if HER in row["key"] else HIS: (name, row) for name, row in town.store.rooms()}
    his = rooms[HIS][1]
    town.store.client.hset(f"bridge:r:{rooms[HER][0]}", "ticket", his["ticket"])
    erase(town)
    assert town.store.get(f"ticket:{his['desk']}:{his['ticket']}") == rooms[HIS][0]


def test_who_is_not_known_is_not_guessed(town: Any) -> None:
    town.deliver("meta", hers(), "one")
    town.work()
    for who in (f"https://www.facebook.com/{HER}", "nobody", "77345", NAME):
        code, out, _ = town.run("erase", who, "--yes")
        assert (code, out.startswith("Nothing is kept of ")) == (1, True)
    assert left(town, "kettle")


def test_an_event_a_ticketed_conversation_and_its_key_name_the_person_too(town: Any) -> None:
    town.deliver("meta", both(), "one")
    town.work()
    ((room, facts),) = [one for one in town.store.rooms() if HER in one[1]["key"]]
    (eid,) = [eid for eid, row in town.store.events() if "kettle" in row.get("doc", "")]
    for who in (room, facts["key"], eid):
        assert town.json("erase", who)["conversations"] == [room]


def test_two_platforms_may_have_the_same_id_for_two_people(town: Any) -> None:
    chat = {"id": int(HER), "type": "private", "first_name": "Ola"}
    said = {"message_id": 5, "date": 1764000000, "chat": chat, "from": {**chat, "is_bot": False},
            "text": "my parcel never came"}  # fmt: skip
    town.deliver("telegram", json.dumps({"update_id": 7, "message": said}).encode(), "t")
    town.deliver("meta", hers(), "one")
    town.work()
    code, _, err = town.run("erase", HER, "--yes")
    assert (code, "known at meta and telegram" in err) == (2, True)
    assert left(town, "kettle")
    erase(town, "--connection", "telegram")
    assert left(town, "never came", "Ola") == []
    assert left(town, "kettle")
    balanced(town)
    assert town.run("erase", HER, "--connection", "meat")[0] == 2
    assert town.run("erase", " ")[0] == 2


# --- what Meta asks for --------------------------------------------------------------------------------


def test_what_a_platform_asks_for_is_done_once_by_a_worker_and_told_without_a_name(
    town: Any,
) -> None:
    town.deliver("meta", both(), "one")
    now = datetime.now(UTC)
    bridge = build(parts.settings())
    asked = ("c0de", HER, ["meta"], now.isoformat())
    town.store.ask_erasure(*asked)
    erasing.do_requests(bridge, now)  # too early: what came before it is not read yet
    assert "done" not in town.store.erasure("c0de")
    town.work()
    erasing.do_requests(bridge, now)
    assert left(town, *WHOSE) == []
    assert town.store.erasure("c0de")["done"]
    (alarm,) = [one for name, one in town.store.alarms().items() if name.startswith("erased:")]
    assert "their tickets are still there" in alarm["text"]
    town.deliver("meta", hers("900", "a new kettle"), "later")
    town.work()
    town.store.ask_erasure(*asked)  # the same request once more
    erasing.do_requests(bridge, now)
    assert left(town, "new kettle")  # written since then
    erasing.do_requests(bridge, now + 2 * erasing.KNOWN)
    assert town.store.erasures() == {}
    bridge.store.close()


def test_an_id_that_is_nobodys_is_done_too(town: Any) -> None:
    now = datetime.now(UTC)
    bridge = build(parts.settings())
    town.store.ask_erasure("c0de", "1", ["meta"], now.isoformat())
    Watch(bridge, Outside(bridge, 2)).look()  # where a worker does it
    assert town.store.erasure("c0de")["done"]
    assert town.store.alarms() == {}
    bridge.store.close()
