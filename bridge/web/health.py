"""Is it up, can it keep, how much is there: /healthz, /readyz and /metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bridge import __version__
from bridge.core.errors import BridgeError
from bridge.core.tally import tallies
from bridge.store import ANSWERS, Store
from bridge.wiring import Bridge

OUTCOMES = ("done", "ignored", "parked", "dead")


def add(app: Flask, bridge: Bridge) -> None:
    """The three addresses on *app*."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Books(bridge))

    @app.get("/healthz")
    def healthz() -> Response:
        return jsonify({"status": "up", "version": __version__})

    @app.get("/readyz")
    def readyz() -> tuple[Response, int]:
        """503 only where intake cannot go on; missing workers are told, and catch up later."""
        state: dict[str, Any] = {
            "ready": True,
            "config": bridge.config.hash,
            "rules": None,
            "redis": "answers",
            "workers": 0,
            "reasons": [],
        }
        try:
            bridge.store.writable()
            alive = [age for age in bridge.store.workers().values() if age < Store.SILENT]
            state["workers"] = len(alive)
            rules = bridge.store.rules()
            state["rules"] = {name: rules.get(name) for name in ("n", "version", "origin")}
            state["rules"]["since"] = moment(rules.get("at"))
            if alarm := bridge.store.alarms().get("rules"):
                state["reasons"].append(alarm["text"])
        except BridgeError as error:
            state.update(ready=False, redis="away", workers=None)
            state["reasons"].append(error.detail)
        if state["workers"] == 0:
            state["reasons"].append("no worker runs: what comes in is kept and waits")
        return jsonify(state), 200 if state["ready"] else 503

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def moment(at: str | None) -> str | None:
    """The time that Redis' milliseconds stand for."""
    return datetime.fromtimestamp(float(at) / 1000, UTC).isoformat("T", "seconds") if at else None


class Books(Collector):
    """The books as metrics, read when somebody asks; the numbers live in Redis, not in a process."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("bridge_redis_up", "1 while Redis answers")
        try:
            books = self._bridge.books()
            queues = self._bridge.store.queues()
        except BridgeError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        received = CounterMetricFamily(
            "bridge_events_received", "Events accepted", labels=["connection"]
        )
        repeated = CounterMetricFamily(
            "bridge_events_duplicate", "Events that came again", labels=["connection"]
        )
        # A parked or dead event may move on, so what stands where is a gauge.
        ended = GaugeMetricFamily(
            "bridge_events", "Events by where they stand", labels=["connection", "outcome"]
        )
        for connection, row in sorted(books.items()):
            received.add_metric([connection], row["received"])
            repeated.add_metric([connection], row["duplicates"])
            for outcome in (*OUTCOMES, "in_progress"):
                ended.add_metric([connection, outcome], row[outcome])
        yield from (received, repeated, ended)
        yield from self._gaps()
        yield from self._matches()
        yield from self._answers()
        yield self._incidents()
        waiting = GaugeMetricFamily("bridge_waiting", "How much waits where", labels=["queue"])
        for name, count in sorted(queues.items()):
            waiting.add_metric([name], count)
        yield waiting

    def _incidents(self) -> Metric:
        """How many incidents of each crowd last, those at rest too."""
        lasting = GaugeMetricFamily("bridge_incidents", "Incidents that last", labels=["crowd"])
        spikes = Counter(one["crowd"] for one in self._bridge.store.spikes().values())
        known = (crowd.name for crowd in self._bridge.config.rules.lookouts)
        for crowd in dict.fromkeys((*known, *spikes)):
            lasting.add_metric([crowd], spikes[crowd])
        return lasting

    def _matches(self) -> Iterator[Metric]:
        """How often each rule matched; the names are those that the files ever had."""
        said = "Events that the rule matched"
        matched = CounterMetricFamily("bridge_rule_matches", said, labels=["rule"])
        tried = CounterMetricFamily(
            "bridge_rule_shadow_matches",
            f"{said}, in the shadow and without effect",
            labels=["rule"],
        )
        moved = CounterMetricFamily(
            "bridge_rule_tickets_moved",
            "Tickets that left the group to which the rule had sent them",
            labels=["rule"],
        )
        names = (one.name for one in self._bridge.config.rules.rules)
        for one in tallies(names, self._bridge.store.matches()):
            matched.add_metric([one.rule], one.matches)
            tried.add_metric([one.rule], one.shadow)
            moved.add_metric([one.rule], one.moved)
        yield from (matched, tried, moved)

    def _answers(self) -> Iterator[Metric]:
        """How customers were answered, and who waits."""
        ended = CounterMetricFamily(
            "bridge_answers", "First answers of people, by whether they came in time",
            labels=["connection", "result"],
        )  # fmt: skip
        waiting = GaugeMetricFamily(
            "bridge_customers_waiting",
            "Customers to whom an answer is promised",
            labels=["connection"],
        )
        overdue = GaugeMetricFamily(
            "bridge_customers_overdue", "Those of them whose answer is late", labels=["connection"]
        )
        for name, row in self._bridge.store.answers(
            sorted(self._bridge.config.connections)
        ).items():
            waiting.add_metric([name], row["waiting"])
            overdue.add_metric([name], row["overdue"])
            for result in ANSWERS:
                ended.add_metric([name, result], row[result])
        yield from (ended, waiting, overdue)

    def _gaps(self) -> Iterator[Metric]:
        """What was read back, and which sources are silent."""
        store, labels = self._bridge.store, ["connection"]
        calls = CounterMetricFamily("bridge_reconcile_calls", "Calls to read back", labels=labels)
        found = CounterMetricFamily(
            "bridge_reconcile_found", "Events that no webhook had told", labels=labels
        )
        last = GaugeMetricFamily(
            "bridge_reconcile_last_timestamp_seconds", "When it was last read back", labels=labels
        )
        silent = GaugeMetricFamily(
            "bridge_source_silent", "1 while an alarm says so", labels=["connection", "source"]
        )
        heard = GaugeMetricFamily(
            "bridge_source_last_heard_timestamp_seconds", "When it last told of anything",
            labels=["connection", "source"],
        )  # fmt: skip
        alarms = store.alarms()
        for name in sorted(self._bridge.config.connections):
            told = store.gap(name)
            if told.get("at"):
                calls.add_metric([name], told["all_calls"])
                found.add_metric([name], told["all_new"])
                last.add_metric([name], datetime.fromisoformat(told["at"]).timestamp())
            for source, at in sorted(store.last_heard(name).items()):
                heard.add_metric([name, source], at)
                said = {f"{what}:{name}:{source}" for what in ("silence", "quiet")}
                silent.add_metric([name, source], not said.isdisjoint(alarms))
        yield from (calls, found, last, silent, heard)
