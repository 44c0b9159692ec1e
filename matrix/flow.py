"""The whole flow in parts, as a customer, an agent and an operator go through it; waits by looking outside only."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import requests

from bridge.redisclient import client
from bridge.sandbox import wires
from matrix import deeds
from matrix.deeds import Case
from matrix.scene import Scene

TRIES: Final = 5  # times that an operator runs a command that failed before giving up


@dataclass(frozen=True, slots=True)
class Part:
    """`before` is not met by what goes wrong, `do` is; `ended` waits until it is done."""

    name: str
    before: Callable[[Case], None]
    do: Callable[[Case], None]
    place: str = "messenger"


def told(scene: Scene, *words: str) -> str:
    """What a command says, run again while it fails, as its operator would."""
    for _ in range(TRIES):
        code, said = scene.command(*words)
        if code == 0:
            return said
    raise AssertionError(f"bridge {' '.join(words)}: {said}")


def _ticket(case: Case) -> None:
    case.write("says it is broken")
    case.number = case.scene.opened(case.said[0])


def _update(case: Case) -> None:
    deeds.FURTHER.do(case)
    case.scene.opened(case.said[-1])


def _answer(case: Case) -> None:
    deeds.ANSWER.do(case)
    _until_said(case)


def _status(case: Case) -> None:
    deeds.STATUS.do(case)
    case.scene.until(lambda: deeds.notices(case) == 1, "the notice")


def _until_said(case: Case) -> None:
    case.scene.until(lambda: case.answers[-1] in case.scene.texts(), "the answer")


def _pause(case: Case) -> None:
    told(case.scene, "pause", "zendesk")
    _further = deeds.FURTHER.do
    _further(case)
    told(case.scene, "status", "--json")
    told(case.scene, "resume", "zendesk")
    case.scene.opened(case.said[-1])


def _dead(case: Case) -> None:
    """Something unreadable is looked at, tried again, and let be."""
    scene = case.scene
    scene.sandbox.post(
        "hooks/raw", {"system": "meta", "body": f'{{"odd": "{case.person}"', "sign": True}
    )
    (letter,) = scene.until(scene.store.dead, "a dead letter")
    told(scene, "dead", "list", "--json")
    told(scene, "dead", "show", letter)
    told(scene, "dead", "retry", "--all")
    (letter,) = scene.until(scene.store.dead, "the dead letter again")
    scene.command("dead", "drop", letter)  # 1 where its first try was carried out
    scene.until(lambda: not scene.store.dead(), "no dead letter")


def _mute(case: Case) -> None:
    """A chain letter is muted, looked at, and let be."""
    scene = case.scene
    words = ("phrase", f"chain letter of {case.person}", "--because", "spam", "--by", "Ewa")
    told(scene, "mute", "add", *words)
    (row,) = json.loads(told(scene, "mute", "list", "--json"))["mutes"]
    scene.command("mute", "end", row["id"])  # 1 where its first try was carried out
    _update(case)
    scene.until(lambda: json.loads(told(scene, "mute", "list", "--json"))["mutes"] == [], "no mute")


def _rules(case: Case) -> None:
    """A draft is published, somebody is answered by it, and the files have it again."""
    scene = case.scene
    draft = scene.folder / f"draft-{case.person[-5:]}.yaml"
    rules = (scene.folder / "mappings" / "rules.yaml").read_text("utf-8")
    draft.write_text(f"{rules}\n# published for {case.person}\n", "utf-8")
    told(scene, "rules", "publish", str(draft))
    _update(case)
    told(scene, "rules", "files")
    case.write("writes that it is still broken")
    scene.opened(case.said[-1])


def _alarm(case: Case) -> None:
    """A platform tells of trouble with the account itself, and an operator is told."""
    news = {"field": "account_alerts", "value": {
        "entity_type": "PHONE_NUMBER", "entity_id": case.person, "alert_severity": "CRITICAL",
        "alert_status": "ACTIVE", "alert_type": f"TROUBLE_OF_{case.person}",
    }}  # fmt: skip
    body = {
        "object": "whatsapp_business_account",
        "entry": [{"id": wires.WABA_ID, "changes": [news]}],
    }
    case.scene.sandbox.post("hooks/raw", {"system": "meta", "body": json.dumps(body), "sign": True})
    case.scene.until(lambda: case.person[-5:] in str(case.scene.store.alarms()), "an alarm")
    _update(case)


def _read_back(case: Case) -> None:
    """What nobody told is read back, by a worker and by an operator; there is nothing, and nothing is done twice."""
    store = case.scene.store
    with client(case.scene.wire.url) as product:
        product.set("bridge:asked:zendesk", "-", ex=600)
    case.scene.until(lambda: store.get("asked:zendesk") is None, "the end of the reading back")
    told(case.scene, "reconcile")
    _update(case)


def _token(case: Case) -> None:
    case.scene.sandbox.post("settings", {"zendesk_tokens": "revoked"})
    _update(case)


def _outage(case: Case) -> None:
    """One call after the other fails, until the connection is closed."""
    case.scene.fault("zendesk", method="PUT", path=r"/tickets/\d+", effect="status", status=503,
                     times=5)  # fmt: skip
    _update(case)


def _limit(case: Case) -> None:
    case.scene.fault("zendesk", method="PUT", path=r"/tickets/\d+", effect="status", status=429,
                     headers={"Retry-After": "1"}, times=1)  # fmt: skip
    _update(case)


def _slow(case: Case) -> None:
    case.scene.fault("zendesk", method="PUT", path=r"/tickets/\d+", effect="delay",
                     seconds=case.scene.deadline * 0.8, times=1)  # fmt: skip
    _update(case)


def _doubt(case: Case) -> None:
    """The answer to what we said is lost: whoever looks finds it."""
    case.scene.fault("meta", method="POST", path="/messages$", effect="drop_after", times=1)
    _answer(case)


def _restart(case: Case) -> None:
    """Everything ends as told and starts again."""
    scene = case.scene
    starts = scene.starts
    for slot in scene.slots:
        slot.end()
    scene.until(lambda: scene.starts >= starts + len(scene.slots), "all started again")
    scene.until(lambda: len(scene.postman.doors) == 1, "a door")
    _update(case)


def _look(case: Case) -> None:
    """The operator's commands and pages that only look."""
    scene = case.scene
    told(scene, "status", "--json")
    told(scene, "why", f"zendesk:{case.number}")
    token = {"Authorization": "Bearer console-token-for-tests"}
    for path in ("/readyz", "/metrics", "/console", "/console/api/decisions"):
        scene.until(lambda at=path: _page(scene.postman.doors[0] + at, token), path)


def _page(url: str, headers: dict[str, str]) -> bool:
    with requests.Session() as session:
        session.trust_env = False
        try:
            return session.get(url, headers=headers, timeout=20).ok
        except requests.ConnectionError:
            return False


PARTS: Final = {
    part.name: part
    for part in (
        Part("ticket", deeds._nothing, _ticket),
        Part("ticket in Freshdesk", deeds._nothing, _ticket, "whatsapp"),
        Part("update", Case.open, _update),
        Part("answer", Case.open, _answer),
        Part("answer in doubt", Case.open, _doubt),
        Part("answer in WhatsApp", Case.open, _answer, "whatsapp"),
        Part("answer to a comment", Case.open, _answer, "facebook"),
        Part("answer in private to a comment", Case.open, _answer, "facebook-private"),
        Part("status", Case.open, _status),
        Part("status in Freshdesk", Case.open, _status, "whatsapp"),
        Part("pause and resume", Case.open, _pause),
        Part("dead letters", Case.open, _dead),
        Part("mute", Case.open, _mute),
        Part("rules", Case.open, _rules),
        Part("alarm", Case.open, _alarm),
        Part("read back", Case.open, _read_back),
        Part("token refused", Case.open, _token),
        Part("limit", Case.open, _limit),
        Part("outage", Case.open, _outage),
        Part("slow helpdesk", Case.open, _slow),
        Part("restart", Case.open, _restart),
        Part("look", Case.open, _look),
    )
}
