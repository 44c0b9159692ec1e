"""The process: one listening socket, and which service answers under which path."""

from __future__ import annotations

import asyncio
import ipaddress
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

from bridge.sandbox.control import Control
from bridge.sandbox.faults import Fault
from bridge.sandbox.http import MAX_HEAD, Request, Response, connection, text
from bridge.sandbox.world import World

STATIC = Path(__file__).parent / "static"
KINDS = {
    ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".png": "image/png",
    ".ico": "image/x-icon", ".json": "application/json", ".woff2": "font/woff2",
}  # fmt: skip
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGE_HEADERS = {
    "content-security-policy": POLICY, "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer", "cache-control": "no-cache",
}  # fmt: skip
Serve = Callable[[Request, str], Awaitable[Response]]


class Site:
    """Hands each request to the service that its path names."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.control = Control(world)
        self.services: dict[str, tuple[str, Serve]] = {
            "graph": ("meta", world.graph.handle),
            "telegram": ("telegram", world.telegram.handle),
            "zendesk": ("zendesk", world.zendesk.handle),
            "freshdesk": ("freshdesk", world.freshdesk.handle),
        }

    async def handle(self, request: Request) -> Response:
        if not ours(request.headers.get("host")):
            return text("This is not who we are\n", 421)
        head, _, rest = request.path.lstrip("/").partition("/")
        if head in self.services:
            system, serve = self.services[head]
            with self.world.busy.at(system):
                return await self._served(system, serve, request, f"/{rest}")
        if head == "_sandbox":
            return await self.control.handle(request, rest.rstrip("/"))
        if request.method not in ("GET", "HEAD"):
            return text("Method not allowed\n", 405)
        if head == "cdn":
            return self._file(rest)
        return static(rest if head == "static" else (head or "index.html"), head == "static")

    async def _served(self, system: str, serve: Serve, request: Request, path: str) -> Response:
        """The answer of a service, with whatever is to go wrong about it."""
        if not self.world.faults.rules:
            return await serve(request, path)

        def note(fault: Fault, did: bool) -> None:
            token = system == "telegram"
            shown = path.replace(path.split("/")[1], "bot<TOKEN>") if token else path
            self.world.ground.record.add(
                system, "fault", "system", fault=fault.id, effect=fault.effect, method=request.method,
                path=shown, did=did,
            )  # fmt: skip

        return await self.world.faults.around(
            system, request.method, path, lambda: serve(request, path), note
        )

    def _file(self, name: str) -> Response:
        if name == "face.png":
            return Response(200, self.world.ground.face, {"content-type": "image/png"})
        file = self.world.ground.files.get(name)
        if file is None:
            return text("Not found\n", 404)
        kind = (
            file.kind
            if file.kind.startswith(("image/", "video/", "audio/"))
            else "application/octet-stream"
        )
        # Somebody's upload, served beside the page: never as something that could run there.
        if "svg" in kind:
            kind = "application/octet-stream"
        return Response(
            200, file.content, {"content-type": kind, "x-content-type-options": "nosniff"}
        )


def ours(host: str | None) -> bool:
    """Whether a request was meant for this machine.

    A page of another site can have its own name lead to 127.0.0.1 (DNS rebinding): its browser then takes
    us for that site, but still says its name.
    """
    if host is None:
        return True  # no browser
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return name.lower() == "localhost"


def static(name: str, inside: bool) -> Response:
    """A file of the page. Only plain names that lie in the folder are served."""
    if not inside and name not in ("index.html", "favicon.ico"):
        return text("Not found\n", 404)
    if not name or any(part in ("", "..", ".") for part in name.split("/")) or "\\" in name:
        return text("Not found\n", 404)
    path = STATIC / name
    if not path.is_file() or not path.resolve().is_relative_to(STATIC.resolve()):
        return text("Not found\n", 404)
    kind = KINDS.get(path.suffix, "application/octet-stream")
    return Response(200, path.read_bytes(), {"content-type": kind, **PAGE_HEADERS})


async def serve(
    host: str, port: int, bridge: str | None, limited: bool, say: Callable[[str], None]
) -> None:
    """Run the sandbox until SIGTERM or SIGINT; *say* is called with its address once it listens."""
    handler: list[Site] = []

    async def handle(request: Request) -> Response:
        return await handler[0].handle(request)

    server = await asyncio.start_server(
        connection(handle), host, port, limit=MAX_HEAD, backlog=1024, start_serving=False
    )
    bound = server.sockets[0].getsockname()
    shown = f"[{bound[0]}]" if ":" in bound[0] else bound[0]
    world = World(f"http://{shown}:{bound[1]}", limited)
    handler.append(Site(world))
    if bridge is not None:
        world.connect({"bridge": bridge})
    await server.start_serving()
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    say(world.ground.url)
    await over.wait()
    server.close()
