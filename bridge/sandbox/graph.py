"""The Graph API: who asks with which token, what the limits say, and whose node it is.

One host serves all of Meta's products here; the token says which of them is meant. What the real one
refuses is refused with its codes. Source: Meta's pages as read 2026-11-22.
"""

from __future__ import annotations

import email.parser
import email.policy
import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qsl

from bridge.sandbox.graph_answers import Refusal, bad, missing
from bridge.sandbox.graph_instagram import InstagramNodes
from bridge.sandbox.graph_page import PageNodes
from bridge.sandbox.graph_send import Sending
from bridge.sandbox.graph_threads import ThreadsNodes
from bridge.sandbox.graph_whatsapp import WhatsAppNodes
from bridge.sandbox.ground import File, Ground
from bridge.sandbox.http import BadRequest, NotFound, Request, Response, answer, text
from bridge.sandbox.instagram import Instagram
from bridge.sandbox.limits import Spent
from bridge.sandbox.page import Page
from bridge.sandbox.threads import Threads
from bridge.sandbox.whatsapp import WhatsApp
from bridge.sandbox.wires import (
    APP_SECRET,
    INSTAGRAM_APP_SECRET,
    INSTAGRAM_ID,
    INSTAGRAM_TOKEN,
    PAGE_ID,
    PAGE_TOKEN,
    THREADS_APP_SECRET,
    THREADS_ID,
    THREADS_TOKEN,
    WABA_ID,
    WHATSAPP_TOKEN,
)

VERSION = re.compile(r"^v\d+\.\d+$")


@dataclass(frozen=True, slots=True)
class Key:
    """What an access token opens: a product, the account it speaks for, and the proof it may need.

    `limit` is the code of a spent hour of the account.
    """

    product: str
    account: str
    secret: str
    rate: str
    usage: str
    limit: int
    reason: str


KEYS = {
    PAGE_TOKEN: Key(
        "page", PAGE_ID, APP_SECRET, "page_per_hour", "pages", 32, "Page request limit reached"
    ),
    INSTAGRAM_TOKEN: Key(
        "instagram", INSTAGRAM_ID, INSTAGRAM_APP_SECRET, "instagram_per_hour", "instagram", 80002,
        "There have been too many calls to this Instagram account. Wait a bit and try again.",
    ),
    WHATSAPP_TOKEN: Key(
        "whatsapp", WABA_ID, APP_SECRET, "app_per_hour", "whatsapp", 80007,
        "There have been too many calls to this WhatsApp Business account. Wait a bit and try again.",
    ),
    THREADS_TOKEN: Key(
        "threads", THREADS_ID, THREADS_APP_SECRET, "app_per_hour", "threads", 4,
        "Application request limit reached",
    ),
}  # fmt: skip


class Nodes(Protocol):
    """The things that one product has behind ids."""

    def knows(self, node: str) -> bool: ...

    def call(self, method: str, node: str, edge: str | None, params: dict[str, Any]) -> Any: ...


class Graph:
    """Answers calls to `{base}/graph/...`."""

    def __init__(
        self, page: Page, instagram: Instagram, whatsapp: WhatsApp, threads: Threads
    ) -> None:
        self.ground: Ground = page.ground
        sending = Sending(page, instagram)
        self.whatsapp = WhatsAppNodes(whatsapp)
        self.nodes: dict[str, list[Nodes]] = {
            "page": [
                PageNodes(page, instagram, sending),
                InstagramNodes(instagram, sending, False),
            ],
            "instagram": [InstagramNodes(instagram, sending, True)],
            "whatsapp": [self.whatsapp],
            "threads": [ThreadsNodes(threads)],
        }

    async def handle(self, request: Request, path: str) -> Response:
        if path.startswith("/lookaside/"):
            return self._download(request, path)
        spent: list[tuple[Key, Spent]] = []
        key: list[Key] = []
        try:
            value = self._call(request, path, spent, key)
            status = 200
        except NotFound as error:
            self.ground.refuse("meta", request, 400, "100/33", str(error))
            status, value = 400, {"error": self._traced(missing(path.split("/")[-1]).body)}
        except BadRequest as error:
            self.ground.refuse("meta", request, 400, "100", str(error))
            status, value = 400, {"error": self._traced(bad(str(error)).body)}
        except Refusal as error:
            code = f"{error.code}/{error.subcode}" if error.subcode else str(error.code)
            self.ground.refuse("meta", request, error.status, code, str(error))
            status, value = error.status, {"error": self._traced(error.body)}
        if status != 200 and key and key[0].product == "threads":
            value["error"]["type"] = "THApiException"
        response = answer(value, status)
        response.headers["content-type"] = "application/json; charset=UTF-8"
        response.headers["facebook-api-version"] = "v25.0"
        for name, (holder, spending) in zip(
            ("x-app-usage", "x-business-use-case-usage"), spent, strict=False
        ):
            response.headers[name] = usage(name, holder, spending)
        return response

    def _traced(self, body: dict[str, Any]) -> dict[str, Any]:
        trace = hashlib.sha256(str(self.ground.number()).encode()).hexdigest()[:22]
        return {**body, "fbtrace_id": f"A{trace}"}

    def _call(
        self, request: Request, path: str, spent: list[tuple[Key, Spent]], used: list[Key]
    ) -> Any:
        parts = [part for part in path.split("/") if part]
        if parts and VERSION.match(parts[0]):
            parts = parts[1:]
        if not 1 <= len(parts) <= 2:
            raise Refusal(2500, f"Unknown path components: /{path}")
        params = self._params(request)
        key = self._authorise(request, params, used)
        self._spend(key, spent)
        node, edge = parts[0], parts[1] if len(parts) == 2 else None
        method = str(params.pop("method", request.method)).upper()
        for nodes in self.nodes[key.product]:
            if nodes.knows(node):
                return nodes.call(method, node, edge, params)
        raise missing(node)

    def _download(self, request: Request, path: str) -> Response:
        """A file of WhatsApp: its address needs the token too, and does not last."""
        try:
            self._opens(request, {}, [])
            file = self.whatsapp.file(path.removeprefix("/lookaside/"), request.query)
        except (Refusal, NotFound) as error:
            status = 404 if isinstance(error, NotFound) else 401
            self.ground.refuse("meta", request, status, status, str(error))
            return text("", status)
        return Response(200, file.content, {"content-type": file.kind})

    # --- at the door -------------------------------------------------------------------------------

    def _params(self, request: Request) -> dict[str, Any]:
        params: dict[str, Any] = dict(request.query)
        kind = request.headers.get("content-type", "")
        if kind.startswith("application/json"):
            body = request.json()
            if not isinstance(body, dict):
                raise bad("The request body is not a JSON object")
            params.update(body)
        elif kind.startswith("multipart/form-data"):
            params.update(self._multipart(kind, request.body))
        elif request.body:
            params.update(parse_qsl(request.body.decode("utf-8", "replace")))
        for name in ("recipient", "message"):
            if isinstance(value := params.get(name), str) and value.startswith("{"):
                try:
                    params[name] = json.loads(value)
                except ValueError as error:
                    raise bad(f"Param {name} is not a valid JSON object") from error
        return params

    def _multipart(self, kind: str, body: bytes) -> dict[str, Any]:
        """Form fields as text; a file becomes an address under /cdn."""
        head = f"Content-Type: {kind}\r\n\r\n".encode()
        form = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
        found: dict[str, Any] = {}
        for part in form.iter_parts():
            name = part.get_param("name", header="content-disposition")
            content = part.get_payload(decode=True)
            data = content if isinstance(content, bytes) else b""
            if (file := part.get_filename()) is not None:
                found[str(name)] = self.ground.keep(File(file, part.get_content_type(), data))
            else:
                found[str(name)] = data.decode("utf-8", "replace")
        return found

    def _authorise(self, request: Request, params: dict[str, Any], used: list[Key]) -> Key:
        """Whose token it is; *used* is told as soon as that is known, for the form of refusals."""
        token = self._opens(request, params, used)
        self._proven(used[0], token, params)
        return used[0]

    def _opens(self, request: Request, params: dict[str, Any], used: list[Key]) -> str:
        """The token that came, if it is good."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() not in ("bearer", "oauth") or not token:
            token = str(params.pop("access_token", ""))
        if not token:
            raise Refusal(
                2500,
                "An active access token must be used to query information about the current user.",
            )
        key = KEYS.get(token)
        if key is None:
            raise Refusal(190, "Invalid OAuth access token - Cannot parse access token")
        used.append(key)
        self._valid(key)
        return token

    def _valid(self, key: Key) -> None:
        settings = self.ground.settings
        if settings.meta_token_of not in ("all", key.product):
            return
        mode = settings.meta_token
        if mode == "expired":
            raise Refusal(190, "Error validating access token: Session has expired.", 463)
        if mode == "revoked":
            raise Refusal(
                190,
                "Error validating access token: The session has been invalidated because the user "
                "changed their password or Facebook has changed the session for security reasons.",
                460,
            )
        if mode == "no_permission":
            raise Refusal(200, "(#200) Permissions error")

    def _proven(self, key: Key, token: str, params: dict[str, Any]) -> None:
        proof = params.pop("appsecret_proof", None)
        time = params.pop("appsecret_time", None)
        message = token if time is None else f"{token}|{time}"
        expected = hmac.new(key.secret.encode(), message.encode(), "sha256").hexdigest()
        kind = "GraphMethodException"
        if proof is None and self.ground.settings.meta_proof_required:
            raise Refusal(
                100, "API calls from the server require an appsecret_proof argument", None, kind
            )
        if proof is not None and not hmac.compare_digest(str(proof).encode(), expected.encode()):
            raise Refusal(
                100, "Invalid appsecret_proof provided in the API argument", None, kind
            )  # fmt: skip

    def _spend(self, key: Key, spent: list[tuple[Key, Spent]]) -> None:
        rates, limits = self.ground.rates["meta"], self.ground.limits
        if not self.ground.limited:
            return
        spent.append((key, limits.take("meta app", rates["app_per_hour"], 3600)))
        spent.append((key, limits.take(f"meta {key.product}", rates[key.rate], 3600)))
        if spent[0][1].refused:
            raise Refusal(4, "(#4) Application request limit reached", transient=True)
        if spent[1][1].refused:
            raise Refusal(key.limit, f"(#{key.limit}) {key.reason}")


def usage(name: str, key: Key, spent: Spent) -> str:
    """The value of a usage header, in percent and minutes."""
    percent = spent.percent()
    if name == "x-app-usage":
        return json.dumps({"call_count": percent, "total_time": 1, "total_cputime": 1})
    minutes = -(-spent.reset // 60) if spent.refused else 0
    one = {"type": key.usage, "call_count": percent, "total_cputime": 1, "total_time": 1,
           "estimated_time_to_regain_access": minutes}  # fmt: skip
    return json.dumps({key.account: [one]})
