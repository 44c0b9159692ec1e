"""A bridge made of nothing but the channels, for tests against the sandbox over real HTTP."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from support.sandbox import Sandbox

from bridge.channels import SOURCES
from bridge.core.calls import Calls, HttpRequest, HttpResponse, drive
from bridge.core.model import Account, Connection, Delivery, Message, Secret, Target
from bridge.http import Http
from bridge.sandbox import wires


def instagram_account(login: str) -> Account:
    """The account, by the Page's token or by its own."""
    token = wires.PAGE_TOKEN if login == "facebook" else wires.INSTAGRAM_TOKEN
    page = wires.PAGE_ID if login == "facebook" else None
    return Account(
        channel="instagram",
        id=wires.INSTAGRAM_ID,
        name="Acme",
        token=Secret(token),
        options={"login": login, "page": page, "username": wires.USERNAME},
    )


THREADS = Account(
    channel="threads",
    id=wires.THREADS_ID,
    name="Acme",
    token=Secret(wires.THREADS_TOKEN),
    options={"username": wires.USERNAME},
)


class House:
    """A bridge made of nothing but the channels: it reads what comes and says what it is told."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.http = Http()
        self.heard: list[Message] = []
        page = Account(
            channel="facebook", id=wires.PAGE_ID, name="Acme", token=Secret(wires.PAGE_TOKEN)
        )
        number = Account(
            channel="whatsapp",
            id=wires.WHATSAPP_NUMBER_ID,
            name="Acme",
            token=Secret(wires.WHATSAPP_TOKEN),
            options={"business_account": wires.WABA_ID},
        )
        self.connections = {
            "meta": Connection(
                name="meta",
                type="meta",
                options={
                    "api_url": f"{sandbox.url}/graph",
                    "app_id": wires.APP_ID,
                    "app_secrets": (Secret(wires.APP_SECRET),),
                    "instagram_app_secrets": (Secret(wires.INSTAGRAM_APP_SECRET),),
                    "threads_app_secrets": (Secret(wires.THREADS_APP_SECRET),),
                    "verify_token": Secret(wires.VERIFY_TOKEN),
                },
                accounts=(page, instagram_account("facebook"), THREADS, number),
            ),
            "telegram": Connection(
                name="telegram",
                type="telegram",
                options={
                    "api_url": f"{sandbox.url}/telegram",
                    "token": Secret(wires.TELEGRAM_TOKEN),
                    "webhook_secret": Secret(wires.TELEGRAM_SECRET),
                },
                accounts=(Account(channel="telegram"),),
            ),
        }
        house = self

        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                name = self.path.rpartition("/")[2]
                if name in SOURCES:
                    house.receive(name, {k.lower(): v for k, v in self.headers.items()}, body)
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        self.door = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.door.daemon_threads = True
        Thread(target=self.door.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.door.server_port}"

    def receive(self, name: str, headers: dict[str, str], body: bytes) -> None:
        now = datetime.now(UTC)
        connection, source = self.connections[name], SOURCES[name]
        source.proof.check(headers, body, connection, now)
        account = source.account_of(connection)
        delivery = Delivery(connection=name, source=name, body=body, received_at=now)
        told = [one.at_account(account) for one in source.parse(delivery)]
        self.heard += [source.recognise(connection, one) for one in told]

    def wait(self, **facts: Any) -> Message:
        """The first event with these facts, once it has come."""
        until = time.monotonic() + 15
        while time.monotonic() < until:
            for message in list(self.heard):
                if all(getattr(message, name) == value for name, value in facts.items()):
                    return message
            time.sleep(0.01)
        raise AssertionError(f"no event with {facts} among {self.heard}")

    def send(self, request: HttpRequest) -> HttpResponse:
        if request.media:
            return self.http.fetch(request, (), self.sandbox.url)
        return self.http.send(request)

    def drive(self, calls: Calls[Any]) -> Any:
        return drive(calls, self.send)

    def target(self, message: Message) -> Target:
        name = "telegram" if message.channel == "telegram" else "meta"
        connection = self.connections[name]
        return Target(
            connection=connection,
            account=connection.account(message.channel, message.account_id)
            or connection.accounts[0],
            channel=message.channel,
            account_id=message.account_id,
            thread_id=message.thread_id,
            person_id=message.person,
            item_id=message.external_id,
            answer=message.answer,
        )

    def stop(self) -> None:
        self.sandbox.post("connect", {name: {"url": None} for name in self.sandbox.get("hooks")})
        self.door.shutdown()
        self.door.server_close()
        self.http.close()
