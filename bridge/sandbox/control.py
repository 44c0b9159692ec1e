"""The control API under `/_sandbox/`: look, act, steer; docs/sandbox.md."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any
from urllib.parse import quote, urlencode

from bridge.sandbox import wires
from bridge.sandbox.actions import Actions
from bridge.sandbox.clock import stamp
from bridge.sandbox.fresh_agent import FreshAgent
from bridge.sandbox.ground import PLANS
from bridge.sandbox.hooks import Delivery, Hooks
from bridge.sandbox.http import BadRequest, NotFound, Request, Response, answer
from bridge.sandbox.wish import Wish
from bridge.sandbox.world import World

MAX_WAIT = 20.0


def refused(status: int, code: str, detail: str) -> Response:
    return answer({"error": code, "detail": detail}, status)


def number(query: dict[str, str], name: str, default: float) -> float:
    try:
        return float(query.get(name, default))
    except ValueError as error:
        raise BadRequest(f"{name} is a number") from error


def with_plan(wish: dict[str, Any]) -> dict[str, Any]:
    """*wish* with the limits of the Freshdesk plan that it names. Raises BadRequest."""
    wish = dict(wish)
    if (plan := wish.pop("plan", None)) is None:
        return wish
    if plan not in PLANS:
        raise BadRequest(f"plan is one of {', '.join(PLANS)}")
    names = ("account", "creates", "updates", "ticket_lists", "contact_lists")
    return {
        **{f"{name}_per_minute": most for name, most in zip(names, PLANS[plan], strict=True)},
        **wish,
    }


class Control:
    """Answers calls to `{base}/_sandbox/...`."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.actions = Actions(world)
        self.fresh_agent = FreshAgent(world)

    async def handle(self, request: Request, path: str) -> Response:
        # Some other site, open in the same browser, must not steer us.
        origin = request.headers.get("origin")
        if origin is not None and origin.partition("://")[2] != request.headers.get("host"):
            return refused(403, "forbidden", "only our own page may ask from a browser")
        try:
            if request.method == "GET":
                return answer(await self._look(path, request.query))
            if request.method == "DELETE":
                return answer(self._unfault(path))
            if request.method != "POST":
                return refused(405, "method_not_allowed", "GET, POST or DELETE")
            body = request.json()
            if not isinstance(body, dict):
                raise BadRequest("the body is a JSON object")
            if self.fresh_agent.means(path, body):
                return answer(self.fresh_agent.do(path, body))
            if path in self.actions.table:
                return answer(self.actions.do(path, body))
            return answer(await self._steer(path, body))
        except BadRequest as error:
            return refused(400, "bad_request", str(error))
        except NotFound as error:
            return refused(404, "not_found", str(error))

    # --- looking -----------------------------------------------------------------------------------

    async def _look(self, path: str, query: dict[str, str]) -> Any:
        world = self.world
        record = world.ground.record
        match path:
            case "state":
                return world.state()
            case "changes":
                wait = min(number(query, "wait", MAX_WAIT), MAX_WAIT)
                await record.wait(int(number(query, "since", 0)), wait)
                return {"change": record.change, "seq": record.seq}
            case "record":
                return self._record(query)
            case "credentials":
                return wires.credentials(world.ground.url)
            case "idle":
                return {"idle": await world.idle(min(number(query, "wait", MAX_WAIT), 60.0))}
            case "hooks":
                return world.hook_states()
            case "busy":
                return world.busy.show()
            case "faults":
                return {"faults": [fault.show() for fault in world.faults.rules]}
            case "settings":
                return world.ground.settings.show()
            case "limits":
                return {"on": world.ground.limited, **world.ground.rates}
            case "clock":
                clock = world.ground.clock
                return {"now": stamp(clock.now()), "factor": clock.factor}
            case "bridge/decisions":
                return await self._decisions(query)
        raise NotFound(f"there is nothing at /_sandbox/{path}")

    def _record(self, query: dict[str, str]) -> Any:
        record = self.world.ground.record
        entries = record.entries[max(0, int(number(query, "since", 0))) :]
        for name in ("system", "what", "by"):
            if name in query:
                entries = [entry for entry in entries if entry[name] == query[name]]
        return {"seq": record.seq, "entries": entries}

    async def _decisions(self, query: dict[str, str]) -> Any:
        """The bridge's own words, so that the page needs neither its token nor its leave (CORS)."""
        world = self.world
        away: dict[str, Any] = {"decisions": [], "reachable": False}
        if world.bridge_url is None:
            return {**away, "detail": "no bridge is connected"}
        headers = {}
        if world.console_token:
            headers["Authorization"] = f"Bearer {world.console_token}"
        url = f"{world.bridge_url}/console/api/decisions?{urlencode({'since': query.get('since', '')})}"
        try:
            got = await world.ground.sender.send("GET", url, headers, b"", 5.0)
            told = json.loads(got.body) if got.status == 200 else None
        except (OSError, EOFError, ValueError) as error:
            return {**away, "detail": f"{type(error).__name__}: {error}"}
        if not isinstance(told, dict):
            return {**away, "detail": f"the bridge answered {got.status}"}
        return {**told, "reachable": True}

    # --- steering ----------------------------------------------------------------------------------

    async def _steer(self, path: str, body: dict[str, Any]) -> Any:
        world = self.world
        ground = world.ground
        match path:
            case "connect":
                world.connect(body)
                return world.hook_states()
            case "reset":
                world.reset()
                return {}
            case "busy":
                world.busy.anew()
                return world.busy.show()
            case "clock":
                advance, factor = body.get("advance", 0), body.get("factor")
                if not isinstance(advance, int | float) or not isinstance(
                    factor, int | float | None
                ):
                    raise BadRequest("advance and factor are numbers")
                if factor is not None and factor <= 0:
                    raise BadRequest("factor is above 0")
                ground.clock.move(float(advance), float(factor) if factor is not None else None)
                ground.record.touch()
                return {"now": stamp(ground.clock.now()), "factor": ground.clock.factor}
            case "limits":
                return self._limits(body)
            case "settings":
                if body.pop("zendesk_tokens", None) == "revoked":
                    world.zendesk.tokens.clear()
                ground.settings.change(body)
                return ground.settings.show()
            case "faults":
                fault = world.faults.add(body)
                ground.record.touch()
                return {"id": fault.id}
        if path.startswith("hooks/"):
            return await self._hooks(path.removeprefix("hooks/"), body)
        raise NotFound(f"there is nothing at /_sandbox/{path}")

    def _limits(self, body: dict[str, Any]) -> Any:
        ground = self.world.ground
        for name, value in body.items():
            if name == "on":
                ground.limited = bool(value)
            elif name in ground.rates and isinstance(value, dict):
                value = with_plan(value) if name == "freshdesk" else value
                if unknown := set(value) - set(ground.rates[name]):
                    raise BadRequest(f"{name} has no limit {', '.join(sorted(unknown))}")
                ground.rates[name].update({key: int(Wish(value).number(key)) for key in value})
            else:
                raise BadRequest(f"there are no limits of {name}")
        ground.limits.clear()
        ground.record.touch()
        return {"on": ground.limited, **ground.rates}

    def _unfault(self, path: str) -> Any:
        faults = self.world.faults
        head, _, identity = path.partition("/")
        if head != "faults":
            raise NotFound(f"there is nothing at /_sandbox/{path}")
        kept = [fault for fault in faults.rules if identity and fault.id != identity]
        if identity and len(kept) == len(faults.rules):
            raise NotFound(f"there is no fault {identity}")
        faults.rules = kept
        self.world.ground.record.touch()
        return {}

    async def _hooks(self, path: str, body: dict[str, Any]) -> Any:
        if path == "challenge":
            return await self._challenge(body.get("token"))
        hooks = self.world.hooks.get(str(body.get("system")))
        if hooks is None:
            raise BadRequest(f"system is one of {', '.join(self.world.hooks)}")
        copies = Wish(body).copies
        match path:
            case "hold":
                hooks.hold()
                return {}
            case "send":
                together, order = body.get("together", True), body.get("order", "kept")
                posts, events = hooks.release(bool(together), str(order), copies)
                return {"posts": posts, "events": events}
            case "drop":
                return {"given_up": hooks.drop(body.get("on", False) is True)}
            case "again":
                return {"statuses": await hooks.again(copies)}
            case "raw":
                return {"statuses": await hooks.once(self._raw(hooks, body), copies)}
        raise NotFound(f"there is nothing at /_sandbox/hooks/{path}")

    def _raw(self, hooks: Hooks, body: dict[str, Any]) -> Delivery:
        """A delivery with any bytes for a body, signed rightly, wrongly or not at all."""
        if "base64" in body:
            try:
                content = base64.b64decode(str(body["base64"]), validate=True)
            except binascii.Error as error:
                raise BadRequest("base64 is not base64") from error
        else:
            content = str(body.get("body", "")).encode("utf-8", "surrogatepass")
        url = self.world.hook_states()[hooks.system]["url"]
        if url is None:
            raise BadRequest(f"{hooks.system} is not connected")
        extra = {str(key): str(value) for key, value in (body.get("headers") or {}).items()}
        sign = body.get("sign", True)

        def headers(sent: bytes) -> dict[str, str]:
            base = {"Content-Type": "application/json"}
            if sign is False:
                return base | extra
            signed = self._signed(
                hooks.system, sent if sign is True else sent + b" ", str(body.get("product", "app"))
            )
            for name in ("X-Telegram-Bot-Api-Secret-Token", "X-Bridge-Secret"):
                if sign == "wrong" and name in signed:
                    signed[name] = "wrong"
            return base | signed | extra

        return Delivery("raw", content, lambda: url, headers)

    def _signed(self, system: str, content: bytes, product: str) -> dict[str, str]:
        world = self.world
        if system == "meta":
            if product not in world.meta.secrets:
                raise BadRequest(f"product is one of {', '.join(world.meta.secrets)}")
            return world.meta.headers(content, product)
        if system == "telegram":
            return world.chats.headers(content)
        if system == "freshdesk":
            return {"X-Bridge-Secret": world.fresh_hooks.secret}
        if world.desk_hooks.main is None:
            raise BadRequest("zendesk is not connected")
        return world.desk_hooks.delivery(world.desk_hooks.main, "raw", content).headers(content)

    async def _challenge(self, token: Any) -> Any:
        meta = self.world.meta
        if meta.url is None:
            raise BadRequest("meta is not connected")
        challenge = str(self.world.ground.number())
        query = urlencode(
            {"hub.mode": "subscribe", "hub.challenge": challenge,
             "hub.verify_token": wires.VERIFY_TOKEN if token is None else str(token)}, quote_via=quote
        )  # fmt: skip
        try:
            got = await self.world.ground.sender.send("GET", f"{meta.url}?{query}", {}, b"", 10.0)
        except (OSError, EOFError, ValueError) as error:
            return {"ok": False, "status": None, "body": f"{type(error).__name__}: {error}"}
        meta.verified = got.status == 200 and got.body == challenge.encode()
        self.world.ground.record.touch()
        return {
            "ok": meta.verified,
            "status": got.status,
            "body": got.body[:500].decode("utf-8", "replace"),
        }
