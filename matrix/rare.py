"""More parts of the flow, for what is issued where a rule, a limit, an incident, an absence or bad luck asks for it.

What only time would bring about (ten minutes between two messages, an hour without a door, weeks in which a source was
heard) is set in Redis by a script: neither the wire nor MONITOR takes that for the product's.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import signal
import time
from datetime import UTC, datetime
from typing import Final

import requests
from support.people import say

from bridge.core.silence import HOUR, WEEK, hours
from bridge.sandbox import wires
from matrix import deeds
from matrix.deeds import Case
from matrix.flow import Part, _answer, _page, _restart, _ticket, _update, told
from matrix.scene import Scene

# Seconds after which Zendesk lists a change, and words that nobody told us of are read back.
PAST: Final = 90.0
LONG_AGO: Final = "2026-01-01T00:00:00+00:00"
# In a script: the lease of the lane in which a write on a helpdesk's ticket is under way; else it ends with 0.
WRITES: Final = """
local lease
for _, key in ipairs(redis.call('KEYS', 'bridge:i:in:*')) do lease = 'bridge:lease:' .. string.sub(key, 10) end
if not lease or redis.call('EXISTS', lease) == 0 then return 0 end
"""


# --- rules --------------------------------------------------------------------------------------------


def _once(case: Case) -> None:
    """Words that a person hears once do not arrive, are said to the next ring of the bell, and to no third one."""
    scene = case.scene
    gone = {"code": 551, "type": "OAuthException", "message": "(#551) Not available right now."}
    scene.fault("meta", method="POST", path="/messages$", effect="status", status=400, times=1,
                body={"error": gone})  # fmt: skip
    for ring in range(3):
        say(scene, "messenger", f"{case.person} rings the matrixbell, {ring}", case.person)
        seen = ("fault", "message", "message")[ring]
        scene.until(lambda what=seen: _seen(case, what), "the words, or that they were refused")
        scene.sandbox.idle()
    case.notices = 1
    _ticket(case)


def _seen(case: Case, what: str) -> bool:
    return any(one["what"] == what and one["by"] != "customer" for one in case.record())


def _notify(case: Case) -> None:
    """A rule wants colleagues to look; they are told at their address, though they were only just told something."""
    scene = case.scene
    before = len(scene.colleagues.told)
    scene.change("redis.call('SET', 'bridge:notified:owls', '1', 'PX', 600000)")
    case.write("saw a matrixowl")
    case.number = scene.opened(case.said[0])
    scene.until(
        lambda: (
            scene.over("bridge:listening", "bridge:notified:owls")
            and any("owls" in one for one in scene.colleagues.told[before:])
        ),
        "a word to colleagues",
    )


def _summary(case: Case) -> None:
    """A week is over, and the colleagues who want its summary get it."""
    scene = case.scene
    before = len(scene.colleagues.told)
    scene.change("redis.call('SET', 'bridge:digested:summary', '2026-W1')")
    scene.until(
        lambda: (
            scene.over("bridge:listening", "bridge:digesting:summary")
            and len(scene.colleagues.told) > before
        ),
        "a summary",
    )
    _update(case)


def _label(case: Case) -> None:
    """An agent gives the customer a label."""
    case.scene.answer(case.number, "/label patient 30d", public=False)
    case.scene.noted(case.number, "patient for 30d")


def _crowd(case: Case) -> None:
    """Two words of one kind under one post are an incident, which is looked at, and ended by an agent."""
    scene = case.scene
    post = scene.sandbox.post("staff/post", {"text": f"News for {case.person}"})["id"]
    case.tickets = 2
    for words in ("is broken, says a matrixraven", "is broken, says another matrixraven"):
        text = f"{case.person} {words}"
        case.said.append(text)
        case.first = say(scene, "facebook", text, case.person,
                         **({"reply_to": case.first} if case.first else {"post": post}))  # fmt: skip
    case.number = scene.opened(case.said[0])
    (incident,) = scene.until(lambda: _incidents(case), "an incident")
    scene.noted(incident, case.said[1])
    told(scene, "crisis", "list")
    scene.answer(incident, "/over", public=False)
    scene.noted(incident, "'ravens' is over.")


def _incidents(case: Case) -> list[int]:
    rows = (one for one in case.record() if one["what"] == "ticket")
    return [one["ticket"] for one in rows if "Incident ravens" in one["subject"]]


# --- what is read back ----------------------------------------------------------------------------------


def _talk_long_ago(case: Case) -> None:
    """A ticket, an answer, and words of which nobody was told, a while ago."""
    scene = case.scene
    scene.sandbox.post("clock", {"advance": -PAST})
    try:
        case.open()
        _answer(case)
        scene.rest()
        scene.sandbox.post("hooks/drop", {"system": "meta", "on": True})
        case.write("says what nobody hears")
    finally:
        scene.sandbox.post("hooks/drop", {"system": "meta", "on": False})
        scene.sandbox.post("clock", {"advance": PAST})


def _absence(case: Case) -> None:
    """There was no door for an hour: everything is read back."""
    seen = f"{time.time() - 7200} {time.time() - 3600}"
    case.scene.change("redis.call('SET', 'bridge:open', ARGV[1])", seen)
    case.scene.opened(case.said[-1])
    _update(case)


def _silence(case: Case) -> None:
    """A source that speaks fifty times an hour has said nothing for five hours."""
    scene, now = case.scene, time.time()
    source, heard = f"threads:{wires.THREADS_ID}", "bridge:heard:meta"
    counts = f"bridge:hours:meta:{source}"
    for hour in hours(now - 6 * HOUR, now):
        scene.change("redis.call('HSET', ARGV[1], ARGV[2], 50)", counts, hour)
    scene.change(
        "redis.call('HSET', ARGV[1], 'first ' .. ARGV[2], ARGV[3], 'last ' .. ARGV[2], ARGV[4])",
        heard, source, int(now - 4 * WEEK * HOUR), int(now - 5 * HOUR),
    )  # fmt: skip
    scene.change("redis.call('SET', 'bridge:open', ARGV[1])", f"{now - 6 * HOUR} {now}")
    scene.until(
        lambda: scene.over("bridge:listening") and f"silence:meta:{source}" in scene.store.alarms(),
        "an alarm of silence",
    )
    scene.change(
        "redis.call('HDEL', ARGV[1], 'first ' .. ARGV[2], 'last ' .. ARGV[2])"
        "redis.call('DEL', ARGV[3]) redis.call('HDEL', 'bridge:alarms', ARGV[4])",
        heard, source, counts, f"silence:meta:{source}",
    )  # fmt: skip
    _update(case)


def _forgotten(case: Case) -> None:
    """An agent answers on a ticket of which Redis has forgotten everything; there the agent is told, once."""
    scene = case.scene
    scene.change(
        "local link = 'bridge:ticket:zendesk:' .. ARGV[1]"
        "redis.call('DEL', 'bridge:r:' .. redis.call('GET', link), link)",
        case.number,
    )  # fmt: skip
    scene.answer(case.number, f"We are sorry, {case.person}")
    scene.noted(case.number, "Not delivered")
    (letter,) = scene.until(scene.store.dead, "a dead letter")
    told(scene, "dead", "drop", letter)


# --- bad luck ----------------------------------------------------------------------------------------


def _overtaken(case: Case) -> None:
    """What we said comes back before the answer to our call, and does not tell whom it was said to."""
    scene = case.scene
    scene.fault("meta", method="POST", path="/threads_publish$", effect="drip",
                seconds=scene.deadline * 0.8, times=1)  # fmt: skip
    _answer(case)


def _two_of_threads(case: Case) -> None:
    """Somebody else has written there since."""
    case.open()
    case.tickets = 2
    text = f"{case.person}'s neighbour says it is broken too"
    case.said.append(text)
    say(case.scene, "threads", text, f"{case.person}'s neighbour")
    case.scene.opened(text)
    case.scene.rest()


def _turn_lost(case: Case) -> None:
    """Whoever writes on the ticket has lost the turn by the time the helpdesk answers."""
    _slowly_written(case)
    case.scene.until(
        lambda: case.scene.change(f"{WRITES} return redis.call('DEL', lease)"), "a turn"
    )
    case.scene.opened(case.said[-1])


def _under_way(case: Case) -> None:
    """What a worker has in hand is asked about, while all workers are frozen."""
    scene = case.scene
    _slowly_written(case)
    scene.until(lambda: scene.change(f"{WRITES} return 1"), "a turn")
    for slot in scene.some("worker"):
        slot.signal(signal.SIGSTOP)
    try:
        assert "in_progress" in told(scene, "why", "--json", case.latest)
    finally:
        for slot in scene.some("worker"):
            slot.signal(signal.SIGCONT)
    scene.opened(case.said[-1])


def _slowly_written(case: Case) -> None:
    case.scene.fault("zendesk", method="PUT", path=r"/tickets/\d+", effect="delay",
                     seconds=case.scene.deadline * 0.6, times=1)  # fmt: skip
    deeds.FURTHER.do(case)


def _between(case: Case) -> None:
    """Workers died with a wake-up between RQ's two lists: just now, lately, and so long ago that RQ gives it up."""
    case.open()
    case.scene.change(
        "local list = 'rq:queue:bridge:intermediate'"
        "redis.call('DEL', list)"
        "for at, ago in ipairs({0, 10, 120}) do"
        " local name = 'wake-between-' .. at"
        " redis.call('HSET', 'rq:job:' .. name, 'data', ARGV[1], 'created_at', ARGV[2], 'status', 'queued')"
        " redis.call('RPUSH', list, name)"
        " redis.call('DEL', list .. ':first_seen:' .. name)"
        " if ago > 0 then redis.call('SET', list .. ':first_seen:' .. name, ARGV[3] - ago) end "
        "end",
        json.dumps(["bridge.jobs.drain", None, [], {}]),
        f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
        time.time(),
    )


def _others(case: Case) -> None:
    """The helpdesk's answer says that others spend of the same limit: more than what the cells before have spent."""
    case.scene.over("bridge:rate:zendesk:account")
    case.scene.sandbox.post("limits", {"on": True})
    url = f"{case.scene.sandbox.url}/zendesk/api/v2/users/me.json"
    other = (f"{wires.ZENDESK_EMAIL}/token", wires.ZENDESK_API_TOKEN)
    try:
        for _ in range(40):
            assert requests.get(url, auth=other, timeout=20).ok
        _update(case)
    finally:
        case.scene.sandbox.post("limits", {"on": False})


# --- looking -----------------------------------------------------------------------------------------


def _ask(case: Case) -> None:
    """The operator's commands that read everything there is, or what waits."""
    scene = case.scene
    for command in ("report", "ambassadors", "unanswered"):
        told(scene, command, "--json")
    scene.command("why", f"nothing-of-{case.person[-5:]}")  # 1: nothing is known of it
    told(scene, "pause", "zendesk")
    deeds.FURTHER.do(case)
    scene.until(lambda: "zendesk is " in told(scene, "why", case.latest), "a receipt of what waits")
    told(scene, "resume", "zendesk")
    scene.opened(case.said[-1])
    token = {"Authorization": "Bearer console-token-for-tests"}
    page = "/console/api/decisions?since=0-1"
    scene.until(lambda: _page(scene.postman.doors[0] + page, token), page)


# --- erasing -----------------------------------------------------------------------------------------


def _erase(case: Case) -> None:
    """An operator erases the customer until nothing is kept: who also wrote where anybody writes, and has a line.

    There is another line, too, somebody was let go on, and somebody waits: it could be the customer.
    """
    anybody = "bridge:r:0123456789abcdef0123456789abcdef"
    author = json.dumps({"v": 1, "id": _name(case)})
    said = json.dumps({"v": 1, "channel": "messenger", "author": {"id": _name(case)}})
    case.scene.change(
        "redis.call('HSET', ARGV[1], 'c', 'meta', 'author', ARGV[2])"
        "redis.call('HSET', 'bridge:e:0123456789abcdef0123', 'v', 1, 'c', 'meta', 'k', 'm', 'doc', ARGV[5],"
        " 'state', 'done', 'at', 1, 'room', string.sub(ARGV[1], 10), 'lane', 'in')"
        "redis.call('PEXPIRE', 'bridge:e:0123456789abcdef0123', 30000)"
        "redis.call('ZADD', 'bridge:lines', ARGV[3], ARGV[4])"
        "for _, key in ipairs({'bridge:line:nowhere', 'bridge:granted:nowhere', 'bridge:waiting:nowhere'}) do"
        " redis.call('ZADD', key, 0, 'in:nobody') redis.call('PEXPIRE', key, 30000) end",
        anybody, author, (time.time() + 3600) * 1000, f"meta chat:{_name(case)}", said,
    )  # fmt: skip
    case.scene.until(
        lambda: "Nothing is kept" in case.scene.command("erase", _name(case), "--yes")[1],
        "that nothing is kept",
    )
    case.scene.over(anybody)


def _name(case: Case) -> str:
    """What Meta calls the customer."""
    return next(str(one["chat"]) for one in case.record() if one["what"] == "message")


def _asked_to_erase(case: Case) -> None:
    """Meta asks for it, looks how it stands until it is done, and once more when that is long ago."""
    scene, listening = case.scene, "bridge:listening"
    said = {"algorithm": "HMAC-SHA256", "issued_at": int(time.time()), "user_id": _name(case)}
    payload = _base64(json.dumps(said).encode())
    mark = _base64(hmac.new(wires.APP_SECRET.encode(), payload, hashlib.sha256).digest())
    form = {"signed_request": (mark + b"." + payload).decode()}
    scene.until(lambda: _privacy(scene, form).status_code == 200, "that it is kept")
    code = _privacy(scene, form).json()["confirmation_code"]
    deleted = "What we kept of you was deleted"
    scene.until(
        lambda: scene.over(listening) and deleted in _privacy(scene, code).text, "that it is done"
    )
    long_ago = json.dumps({"v": 1, "at": LONG_AGO, "done": LONG_AGO})
    age = (
        "if redis.call('HEXISTS', 'bridge:erasures', ARGV[1]) == 1 then "
        "redis.call('HSET', 'bridge:erasures', ARGV[1], ARGV[2]) end"
    )

    def forgotten() -> bool:
        scene.change(age, code, long_ago)  # each time: a worker may just have noted that it is done
        return scene.over(listening) and _privacy(scene, code).status_code == 404

    scene.until(forgotten, "that the request is forgotten")


def _base64(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def _privacy(scene: Scene, what: str | dict[str, str]) -> requests.Response:
    """The answer to a request, or to the question how the request of this code stands."""
    url = f"{scene.postman.doors[0]}/privacy/meta"
    if isinstance(what, str):
        return requests.get(f"{url}/{what}", timeout=20)
    return requests.post(url, data=what, timeout=20)


PARTS: Final = {
    part.name: part
    for part in (
        Part("words said once", deeds._nothing, _once),
        Part("colleagues", deeds._nothing, _notify),
        Part("summary", Case.open, _summary),
        Part("label", Case.open, _label),
        Part("incident", deeds._nothing, _crowd, "facebook"),
        Part("absence", _talk_long_ago, _absence, "facebook"),
        Part("silence", Case.open, _silence),
        Part("forgotten ticket", Case.open, _forgotten),
        Part("echo before its answer", _two_of_threads, _overtaken, "threads"),
        Part("turn lost", Case.open, _turn_lost),
        Part("under way", Case.open, _under_way),
        Part("between two lists", _between, _restart),
        Part("limit of all", Case.open, _others),
        Part("ask", Case.open, _ask),
        Part("erasing", Case.open, _erase),
        Part("request to be erased", Case.open, _asked_to_erase),
    )
}
