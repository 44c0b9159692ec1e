"""`bridge explain`: the decision for a payload, before anything is connected."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.channels import SOURCES
from bridge.channels.base import Channel, Source
from bridge.cli import main
from bridge.core.model import Author, Change, Delivery, Kind, Message, Visibility
from bridge.core.signing import EchoedToken

ROOT = Path(__file__).parents[2]


def parse(delivery: Delivery) -> list[Message]:
    """A made-up source: one message a line, `kind change text`."""
    from bridge.core.errors import Unreadable

    if delivery.body.startswith(b"{"):
        raise Unreadable("bad_json", "the body cannot be read")
    found = []
    for number, line in enumerate(delivery.body.decode().splitlines()):
        kind, change, text = line.split(" ", 2)
        found.append(
            Message(
                channel="place",
                account_id="1",
                kind=Kind(kind),
                change=Change(change),
                external_id=str(number),
                thread_id="t",
                visibility=Visibility.PUBLIC,
                author=Author(id="24", name="Ana\x1b[31m"),
                text=text,
                dedupe=str(number),
                ignored="own" if text == "own" else None,
            )
        )
    return found


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source(
        name="place", channels={"place": Channel(name="place")}, parse=parse,
        proof=EchoedToken(header="x", option="secret"),
    )  # fmt: skip
    monkeypatch.setitem(SOURCES, "place", source)
    shutil.copytree(ROOT / "mappings", tmp_path / "mappings")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BRIDGE_MAPPINGS", raising=False)


def explained(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, object]]:
    assert main(["explain", *words, "--json"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_each_event_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    Path("events").write_text("comment created I want a refund\nreview created fine\n")
    refund, fine = explained(capsys, "place", "events")
    assert refund["rule"] == "refund-demand"
    assert refund["outcome"] == "escalate"
    assert refund["escalation"]["priority"] == "high"  # type: ignore[index]
    tried = refund["tried"]
    assert tried[0] == {  # type: ignore[index]
        "rule": "handover",
        "matched": False,
        "failed": {"condition": "kind is handover", "value": "comment"},
    }
    assert tried[-1] == {"rule": "refund-demand", "matched": True, "failed": None}  # type: ignore[index]
    assert (fine["rule"], fine["outcome"], fine["external_id"]) == ("nothing-to-do", "ignore", "1")


def test_what_the_adapter_ignores_no_rule_is_asked_about(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("events").write_text("comment created own\ncomment deleted \n")
    own, deleted = explained(capsys, "place", "events")
    assert (own["rule"], own["outcome"], own["reason"], own["tried"]) == (None, "ignore", "own", [])
    assert (deleted["rule"], deleted["outcome"]) == (None, "ignore")
    assert str(deleted["reason"]).startswith("deleted")


def test_sentences_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    Path("events").write_text("comment created I want a refund\n")
    assert main(["explain", "place", "events"]) == 0
    out = capsys.readouterr().out
    assert 'a new comment on place by Ana\\u001b[31m in en: "I want a refund"' in out
    assert '  handover: no, it wants kind is handover; seen: "comment"\n' in out
    assert "  refund-demand: matches\n" in out
    assert "  -> a ticket, priority high, tags refund (rule refund-demand)\n" in out
    assert "\x1b" not in out


def test_words_in_place_of_a_payload(capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = explained(capsys, "--text", "jak złożyć reklamację?")
    assert found["rule"] == "refund-demand"
    (found,) = explained(capsys, "--text", "are you open today?", "--kind", "dm")
    assert found["rule"] == "dm-question"


def test_other_rules_and_the_words_that_would_be_said(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mappings/other.yaml").write_text(
        "rules:\n  - name: all\n    then: {reply: {public: acknowledged}, notify: team}\n"
    )
    (found,) = explained(
        capsys, "--text", "nie działa nic od rana", "--rules", "mappings/other.yaml"
    )
    assert (found["rule"], found["outcome"], found["notify"]) == ("all", "reply", ["team"])
    (reply,) = found["replies"]  # type: ignore[misc]
    assert (reply["visibility"], reply["name"]) == ("public", "acknowledged")
    polish = (ROOT / "mappings/replies/pl.yaml").read_text("utf-8")
    assert reply["text"] in polish


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["plaace", "x"], 2, "did you mean 'place'?"),
        (["place"], 2, "needs a SOURCE and a FILE, or --text"),
        ([], 2, "needs a SOURCE and a FILE, or --text"),
        (["place", "nowhere"], 1, "nowhere: No such file"),
        (["place", "broken"], 1, "broken: the body cannot be read"),
        (["--text", "x", "--rules", "nowhere.yaml"], 1, "nowhere.yaml: is missing"),
        (["--text", "x", "--kind", "tweet"], 2, "invalid choice"),
    ],
)
def test_a_mistake_is_a_sentence(
    words: list[str], code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("broken").write_text("{")
    try:
        found = main(["explain", *words])
    except SystemExit as stop:  # argparse's own way out
        found = int(str(stop.code))
    assert (found, told in capsys.readouterr().err) == (code, True)


def test_one_broken_file_does_not_hide_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    Path("broken").write_text("{")
    Path("events").write_text("comment created I want a refund\n")
    assert main(["explain", "place", "broken", "events", "--json"]) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["rule"] == "refund-demand"
    assert "broken" in captured.err


def test_files_may_stand_on_both_sides_of_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    Path("events").write_text("dm created I want a refund")
    at = ["--at", "2026-11-20 12:00"]
    assert main(["explain", "place", "--json", *at, "events"]) == 0
    behind = capsys.readouterr().out
    assert main(["explain", "--json", "place", *at, "events"]) == 0
    assert capsys.readouterr().out == behind
    for words in (["explain", "place", "events", "--jsn"], ["status", "--json", "surplus"]):
        with pytest.raises(SystemExit) as end:
            main(words)
        assert end.value.code == 2
        assert "unrecognized arguments" in capsys.readouterr().err


def test_signals_and_labels_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(
        "rules:\n  - name: sad\n    when: {sentiment: {at_most: -0.3}, safety: false}\n"
        "    then: {label: {angry: 7d}}\n  - name: last\n    then: {ignore: x}\n"
    )
    sad = ["explain", "--rules", str(rules), "--text", "this is the worst service"]
    assert main(sad) == 0
    told = capsys.readouterr().out
    assert "sentiment -0." in told
    assert "safety false" in told
    assert "-> a label for the author, and no ticket (rule sad)" in told
    assert "labels the author angry for 7 days" in told
    assert main([*sad, "--json"]) == 0
    one = json.loads(capsys.readouterr().out)
    assert (one["outcome"], one["labels"]) == ("label", {"angry": 7 * 86400})
    assert one["signals"]["sentiment"] < -0.3


def test_the_clock_of_the_calendar_is_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "calendars.yaml").write_text(
        'calendars: {default: {time_zone: Europe/Warsaw, hours: {mon-fri: "09:00-17:00"}}}'
    )
    rules = tmp_path / "rules.yaml"
    rules.write_text(
        "rules:\n"
        "  - {name: night, when: {business_hours: closed}, then: {escalate: {priority: low}}}\n"
        "  - {name: default, then: {ignore: nothing-to-do}}\n"
    )

    def rule(*when: str) -> str:
        args = ["explain", "--text", "anybody there?", "--rules", str(rules), "--json", *when]
        assert main(args) == 0
        return str(json.loads(capsys.readouterr().out)["rule"])

    assert rule("--at", "2026-11-20 20:00") == "night"
    assert rule("--at", "2026-11-20 16:59") == "default"
    assert rule("--at", "2026-11-20T16:59:00+00:00") == "night"
    monkeypatch.setattr("bridge.cli.explain.now", lambda: datetime(2026, 11, 22, 12, tzinfo=UTC))
    assert rule() == "night"
    with pytest.raises(SystemExit):
        main(["explain", "--text", "hello", "--at", "tonight"])
    assert 'write a time such as "2026-12-24 20:00"' in capsys.readouterr().err


def test_words_for_closed_hours_are_shown_as_they_would_be_said_or_why_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "calendars.yaml").write_text(
        'calendars: {default: {time_zone: Europe/Warsaw, hours: {mon-fri: "09:00-17:00"}}}'
    )
    (tmp_path / "replies").mkdir()
    (tmp_path / "replies" / "pl.yaml").write_text('away: {plain: ["Wracamy {opens}."]}')
    rules = tmp_path / "rules.yaml"
    rules.write_text(
        "rules:\n  - {name: default, then: {escalate: {}, reply: {private: away, when: closed}}}\n"
    )

    def told(kind: str, at: str, *more: str) -> str:
        text = "czy jest tam ktoś? proszę o odpowiedź"
        args = ["explain", "--text", text, "--kind", kind, "--at", at, "--rules", str(rules)]
        assert main([*args, *more]) == 0
        return capsys.readouterr().out

    night, noon = "2026-11-20 20:00", "2026-11-20 12:00"
    assert 'says in private (away): "Wracamy w poniedziałek o 9:00."' in told("dm", night)
    assert "does not say away, for somebody is there" in told("dm", noon)
    assert "does not say away, for it is for what was written in private" in told("comment", night)
    plain = json.loads(told("dm", noon, "--json"))
    assert plain["unsaid"] == [{"name": "away", "why": "somebody is there"}]
    assert plain["replies"] == []


def test_it_names_the_crowds_a_message_counts_for(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mappings/crowds.yaml").write_text(
        """rules: [{name: all, then: {ignore: nothing}}]
crowds:
  - name: outage
    when: {text: {any_of: [outage]}}
    over: 15m
    at_least: 20
    then: {incident: {}}
"""
    )
    (found,) = explained(capsys, "--text", "an outage", "--rules", "mappings/crowds.yaml")
    assert found["crowds"] == ["outage"]
    (found,) = explained(capsys, "--text", "a cup", "--rules", "mappings/crowds.yaml")
    assert found["crowds"] == []
    assert main(["explain", "--text", "an outage", "--rules", "mappings/crowds.yaml"]) == 0
    told = "counts for the crowd outage: 20 within 15 minutes are an incident"
    assert told in capsys.readouterr().out


def test_it_says_what_would_be_kept_back_beyond_the_tickets_a_minute(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rules = """rules:
  - {name: danger, when: {text: {any_of: [fire]}}, then: {escalate: {priority: urgent}}}
  - {name: all, then: {escalate: {}}}
limits: {overflow: {incident: {}}}
"""
    Path("mappings/capped.yaml").write_text(rules)
    for text, may in (("a cup", True), ("a fire", False)):
        (found,) = explained(capsys, "--text", text, "--rules", "mappings/capped.yaml")
        assert found["may_overflow"] is may
        assert main(["explain", "--text", text, "--rules", "mappings/capped.yaml"]) == 0
        assert ("the list of the incident overflow" in capsys.readouterr().out) is may


def test_words_for_a_channel_and_how_often_they_are_said_are_shown_as_what_is_hidden(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "replies").mkdir()
    (tmp_path / "replies" / "en.yaml").write_text(
        "calm: {plain: [Read.], channels: {messenger: {plain: [Read here.]}}}"
    )
    rules = tmp_path / "rules.yaml"
    rules.write_text(
        "rules:\n"
        "  - name: default\n"
        "    when: {text: {any_of: [slur]}}\n"
        "    then: {hide: {because: hate}, reply: {public: calm, private: calm, once: 30d, cooldown: 24h}}\n"
        "  - {name: last, then: {ignore: nothing-to-do}}\n"
    )
    assert main(["explain", "--text", "a slur", "--rules", str(rules)]) == 0
    told = capsys.readouterr().out
    assert 'says in public (calm, once in 30 days, at most one such in 1 day): "Read."' in told
    assert (
        'says in private (calm, once in 30 days, at most one such in 1 day): "Read here."' in told
    )
    assert "hidden on its platform: house rule hate (default)" in told


def test_the_calendar_is_that_of_the_account(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("T", "77:a-token-of-a-bot")
    (tmp_path / "connections.yaml").write_text(
        "connections:\n"
        "  telegram:\n"
        '    {type: telegram, token: "${T}", webhook_secret: "${T}", calendar: nights}\n'
    )
    (tmp_path / "calendars.yaml").write_text(
        "calendars:\n"
        '  default: {time_zone: UTC, hours: {mon-fri: "09:00-17:00"}}\n'
        '  nights: {time_zone: UTC, hours: {mon-sun: "22:00-06:00"}}\n'
    )
    rules = tmp_path / "rules.yaml"
    rules.write_text(
        "rules:\n"
        "  - {name: there, when: {business_hours: open}, then: {ignore: there}}\n"
        "  - {name: default, then: {ignore: nothing-to-do}}\n"
    )

    def rule(source: str) -> str:
        args = ["explain", source, "--text", "hello", "--rules", str(rules), "--json"]
        assert main([*args, "--at", "2026-11-20 23:00"]) == 0
        return str(json.loads(capsys.readouterr().out)["rule"])

    assert rule("telegram") == "there"
    assert rule("meta") == "default"


PROMISING = """
target: {first_answer: 60m, clock: business, on_warn: {notify: team}, on_breach: {priority: urgent}}
rules:
  - name: complaint
    when: {text: {any_of: [broken]}}
    then: {escalate: {}, wait: [{after: 30m, then: {tags: [slow]}}]}
  - name: rest
    then: {ignore: nothing-to-do}
"""
OFFICE = 'calendars: {default: {time_zone: UTC, hours: {mon-fri: "09:00-17:00"}}}'


@pytest.fixture
def promising(tmp_path: Path) -> None:
    (tmp_path / "mappings" / "rules.yaml").write_text(PROMISING)
    (tmp_path / "mappings" / "calendars.yaml").write_text(OFFICE)


@pytest.mark.usefixtures("promising")
def test_it_tells_by_when_an_answer_is_due_and_which_step_comes_when(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["explain", "--text", "it is broken", "--at", "2026-11-20 16:20"]) == 0
    told = [one.strip() for one in capsys.readouterr().out.splitlines()]
    first = told.index("an answer is due by 2026-11-23 09:20 UTC: 1 h of business hours")
    assert told[first + 1 : first + 4] == [
        "after 30 min without an answer, at 2026-11-20 16:50 UTC: tags slow",
        "after 45 min without an answer, at 2026-11-23 09:05 UTC, as a warning: notifies team",
        "after 1 h without an answer, at 2026-11-23 09:20 UTC, as it is late: priority urgent or higher",
    ]


@pytest.mark.usefixtures("promising")
def test_machines_are_told_what_is_promised_and_that_nothing_is_without_a_ticket(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (one,) = explained(capsys, "--text", "it is broken", "--at", "2026-11-20 12:00")
    promise = one["promise"]
    assert isinstance(promise, dict)
    assert (promise["due"], promise["clock"]) == ("2026-11-20T13:00:00+00:00", "business")
    steps = [(step["after"], step["why"], step["does"]) for step in promise["steps"]]
    assert steps[0] == (1800, "waited", ["tags slow"])
    (other,) = explained(capsys, "--text", "hello", "--at", "2026-11-20 12:00")
    assert other["promise"] is None


def test_feedback_is_told_with_its_topics(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(
        "rules:\n  - name: slow\n    when: {text: {any_of: [courier]}}\n"
        "    then: {feedback: [delivery, price]}\n  - name: last\n    then: {ignore: x}\n"
    )
    assert main(["explain", "--rules", str(rules), "--text", "your courier is slow"]) == 0
    told = capsys.readouterr().out
    assert "-> feedback, and no ticket (rule slow)" in told
    assert "counts as feedback on delivery, price" in told
