"""The WhatsApp Cloud API of one number: messages, media, templates, subscription.

What cannot arrive is answered 200 and fails by status, as there; `whatsapp_refuses_at_once` refuses it in
the answer. Source: facts collected from Meta's WhatsApp pages, read 2026-11.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

from bridge.sandbox.graph_answers import Refusal, missing, paged, picked, unsupported
from bridge.sandbox.ground import BRAND, File
from bridge.sandbox.http import NotFound
from bridge.sandbox.said import DAY
from bridge.sandbox.whatsapp import GROUP, REASONS, Room, WhatsApp
from bridge.sandbox.wires import APP_ID, WABA_ID, WHATSAPP_NUMBER, WHATSAPP_NUMBER_ID

MAX_TEXT = 4096
MAX_CAPTION = 1024
MAX_BODY = 1024  # of a message with buttons
MAX_CALLBACK = 512
URL_LIFE = 300.0  # seconds that a media address works
FILES = ("image", "video", "audio", "document", "sticker")
TEMPLATES = {
    "ticket_news": {
        "en": "Hello {{1}}, we have news about your request. Answer here and we will tell you.",
        "pl": "Cześć {{1}}, mamy wieści w Twojej sprawie. Odpisz tutaj, a wszystko opowiemy.",
    },
    "hello_again": {"en": "Hello from Acme Coffee! May we write to you about your request?"},
}


class WhatsAppNodes:
    """What the business account's token opens."""

    def __init__(self, whatsapp: WhatsApp) -> None:
        self.whatsapp, self.ground = whatsapp, whatsapp.ground

    def knows(self, node: str) -> bool:
        return node in (WABA_ID, WHATSAPP_NUMBER_ID) or node in self.whatsapp.media

    def call(self, method: str, node: str, edge: str | None, params: dict[str, Any]) -> Any:
        if node == WABA_ID:
            return self._on_account(method, edge, params)
        if node == WHATSAPP_NUMBER_ID:
            return self._on_number(method, edge, params)
        return self._on_media(method, node, edge)

    # --- the account and the number ----------------------------------------------------------------

    def _on_account(self, method: str, edge: str | None, params: dict[str, Any]) -> Any:
        match (method, edge):
            case ("GET", None):
                values = {"id": WABA_ID, "name": BRAND, "currency": "EUR"}
                return picked(values, params.get("fields", "id,name"))
            case ("GET", "phone_numbers"):
                return {"data": [self._number("id,display_phone_number,verified_name")]}
            case ("GET", "message_templates"):
                return paged(templates(), params)
            case ("GET", "subscribed_apps"):
                app = {"id": APP_ID, "name": "Acme bridge", "link": "https://bridge.example/"}
                subscribed = self.whatsapp.subscribed
                return {"data": [{"whatsapp_business_api_data": app}] if subscribed else []}
            case ("POST" | "DELETE", "subscribed_apps"):
                self.whatsapp.subscribed = method == "POST"
                return {"success": True}
        raise unsupported(method)

    def _on_number(self, method: str, edge: str | None, params: dict[str, Any]) -> Any:
        match (method, edge):
            case ("GET", None):
                return self._number(params.get("fields", "id,display_phone_number,verified_name"))
            case ("POST", "messages"):
                return self._post(params)
            case ("POST", "media"):
                return {"id": self._upload(params)}
        raise unsupported(method)

    def _number(self, fields: Any) -> dict[str, Any]:
        values = {"id": WHATSAPP_NUMBER_ID, "display_phone_number": WHATSAPP_NUMBER, "verified_name": BRAND,
                  "quality_rating": "GREEN", "platform_type": "CLOUD_API", "code_verification_status": "VERIFIED"}  # fmt: skip
        return picked(values, fields)

    # --- media -------------------------------------------------------------------------------------

    def _on_media(self, method: str, node: str, edge: str | None) -> Any:
        media, now = self.whatsapp.media[node], self.ground.clock.now()
        if edge is not None or now - media.at > 7 * DAY:
            raise missing(node)
        match method:
            case "GET":
                media.until = now + URL_LIFE
                digest = hashlib.sha256(media.file.content)
                url = f"{self.ground.url}/graph/lookaside/{node}?ext={int(media.until)}&hash={digest.hexdigest()[:16]}"
                return {"messaging_product": "whatsapp", "url": url, "mime_type": media.file.kind,
                        "sha256": digest.hexdigest(), "file_size": len(media.file.content), "id": node}  # fmt: skip
            case "DELETE":
                del self.whatsapp.media[node]
                return {"success": True}
        raise unsupported(method)

    def file(self, identity: str, query: dict[str, str]) -> File:
        """The bytes behind an address that `GET /{media-id}` gave; raises when it is old or made up."""
        media = self.whatsapp.media.get(identity)
        if media is None or query.get("ext") != str(int(media.until)):
            raise NotFound(f"there is no file {identity}")
        if self.ground.clock.now() > media.until:
            raise NotFound(f"the address of the file {identity} is old")
        return media.file

    def _upload(self, params: dict[str, Any]) -> str:
        product(params)
        name = str(params.get("file") or "").rpartition("/cdn/")[2]
        file = self.ground.files.get(name)
        if file is None:
            raise refused(100, "The parameter file is required.")
        return self.whatsapp.keep(file).id

    # --- messages ----------------------------------------------------------------------------------

    def _post(self, params: dict[str, Any]) -> Any:
        product(params)
        if params.get("status") == "read":
            return self._read(params)
        callback = params.get("biz_opaque_callback_data")
        if callback is not None and (not isinstance(callback, str) or len(callback) > MAX_CALLBACK):
            raise refused(100, f"Param biz_opaque_callback_data must be at most {MAX_CALLBACK} characters long.")  # fmt: skip
        kind = str(params.get("type") or "text")
        text, attachments, template = self._content(kind, params)
        context = params.get("context")
        reply_to = context.get("message_id") if isinstance(context, dict) else None
        number, bsuid = recipient(params)
        self._throttle(number or str(bsuid))
        contact = {"input": number or bsuid} | ({"wa_id": number} if number else {"user_id": bsuid})
        room = self._room(number, bsuid)
        if room is None:
            if self.ground.settings.whatsapp_refuses_at_once:
                raise refused(131026, REASONS[131026][1])
            return accepted(contact, self.whatsapp.lose(number, bsuid, text, callback))
        code = self._hindrance(room, template)
        if code and self.ground.settings.whatsapp_refuses_at_once:
            raise refused(code, REASONS[code][1])
        said = self.whatsapp.say(
            room, text, kind=kind, attachments=attachments, reply_to=reply_to, template=template,
            callback=callback, code=code,
        )  # fmt: skip
        if room.person and not number:
            contact = {"input": bsuid, "user_id": room.person.bsuid}
        return accepted(contact, said.id)

    def _room(self, number: str, bsuid: str | None) -> Room | None:
        """Where it goes; None where nobody has that number (any more)."""
        if number == GROUP:
            return self.whatsapp.room(None)
        person = self.ground.people.on_whatsapp(number or str(bsuid))
        if person is None or (number or bsuid) not in (person.phone, person.bsuid):
            return None
        return self.whatsapp.room(person)

    def _hindrance(self, room: Room, template: str | None) -> int | None:
        if room.blocked:
            return 131026
        if template is None and not room.open(self.ground.clock.now()):
            return 131047
        return None

    def _throttle(self, to: str) -> None:
        settings, ground = self.ground.settings, self.ground
        rates = ground.rates["meta"]
        pair = f"meta pair {to}"
        over = ground.limited and (
            ground.limits.take("meta whatsapp sends", rates["whatsapp_per_second"], 1).refused
        )
        close = ground.limited and (
            ground.limits.take(pair, rates["whatsapp_pair_per_6_seconds"], 6).refused
        )
        if over or settings.whatsapp_refuses == "130429":
            raise refused(130429, "Rate limit hit", "Cloud API message throughput has been reached.", 403)  # fmt: skip
        if close or settings.whatsapp_refuses == "131056":
            raise refused(
                131056,
                "(Business Account, Consumer Account) pair rate limit hit",
                "Message failed to send because there were too many messages sent from this phone number to the same phone number in a short period of time.",
                403,
            )

    def _read(self, params: dict[str, Any]) -> Any:
        wanted = str(params.get("message_id") or "")
        for room in self.whatsapp.rooms.values():
            if any(one.id == wanted and one.by == "customer" for one in room.messages):
                return {"success": True}
        raise refused(131009, "Parameter value is not valid", "There is no such message to read.")

    def _content(
        self, kind: str, params: dict[str, Any]
    ) -> tuple[str | None, list[dict[str, Any]], str | None]:
        """Words, attachments and template name of the message; raises when it is none."""
        content = params.get(kind)
        if not isinstance(content, dict):
            raise refused(131008, f"Required parameter is missing: {kind}")
        if kind == "text":
            return body_of(content.get("body"), "text['body']", MAX_TEXT), [], None
        if kind in FILES:
            return self._attached(kind, content)
        if kind == "template":
            return filled(content), [], str(content["name"])
        if kind == "interactive":
            return pressed(content), [], None
        if kind == "reaction":
            return str(content.get("emoji") or ""), [], None
        raise refused(131009, "Parameter value is not valid", f"Param type cannot be {kind}")

    def _attached(
        self, kind: str, content: dict[str, Any]
    ) -> tuple[str | None, list[dict[str, Any]], None]:
        caption = content.get("caption")
        if caption is not None:
            caption = body_of(caption, f"{kind}['caption']", MAX_CAPTION)
        url = content.get("link")
        if media := self.whatsapp.media.get(str(content.get("id") or "")):
            url = self.ground.keep(media.file)
        if not isinstance(url, str) or not url:
            raise refused(131009, "Parameter value is not valid", f"{kind} needs the id of an upload, or a link")  # fmt: skip
        name = content.get("filename") or url.rpartition("/")[2]
        shown = "image" if kind == "image" else "file"
        return caption, [{"type": shown, "url": url, "name": str(name)}], None


# --- reading what was sent -------------------------------------------------------------------------


def product(params: dict[str, Any]) -> None:
    if params.get("messaging_product") != "whatsapp":
        raise refused(100, "The parameter messaging_product is required.")


def recipient(params: dict[str, Any]) -> tuple[str, str | None]:
    """Number (or group) and BSUID of the addressee; a number wins."""
    number = re.sub(r"[+ ()-]", "", str(params.get("to") or ""))
    bsuid = params.get("recipient")
    if number and not number.isdigit():
        raise refused(131009, "Parameter value is not valid", "to is a phone number")
    if not number and not bsuid:
        raise refused(100, "The parameter to is required.")
    if (params.get("recipient_type") == "group") != (number == GROUP):
        raise refused(131009, "Parameter value is not valid", "recipient_type does not fit to")
    return number, None if number else str(bsuid)


def body_of(value: Any, name: str, limit: int) -> str:
    if not isinstance(value, str) or not value.strip():
        raise refused(100, f"The parameter {name} is required.")
    if len(value) > limit:
        raise refused(100, f"Param {name} must be at most {limit} characters long.")
    return value


def filled(content: dict[str, Any]) -> str:
    """A template's words with its values in them."""
    language = content.get("language")
    code = language.get("code") if isinstance(language, dict) else None
    words = TEMPLATES.get(str(content.get("name")), {}).get(str(code))
    if words is None:
        raise refused(
            132001, "Template name does not exist in the translation",
            f"template name ({content.get('name')}) does not exist in {code}", 404,
        )  # fmt: skip
    parts = content.get("components") or []
    values = [
        str(one.get("text") or "")
        for part in parts if isinstance(part, dict) and str(part.get("type")).lower() == "body"
        for one in part.get("parameters") or [] if isinstance(one, dict)
    ]  # fmt: skip
    wanted = len(set(re.findall(r"\{\{\d+\}\}", words)))
    if len(values) != wanted:
        raise refused(
            132000, "Number of parameters does not match the expected number of params",
            f"body: number of localizable_params ({len(values)}) does not match the expected number of params ({wanted})",
        )  # fmt: skip
    return re.sub(r"\{\{(\d+)\}\}", lambda found: values[int(found[1]) - 1], words)


def pressed(content: dict[str, Any]) -> str:
    """The words of a message with buttons."""
    body, action = content.get("body"), content.get("action")
    words = body_of(body.get("text") if isinstance(body, dict) else None, "interactive['body']", MAX_BODY)  # fmt: skip
    buttons = action.get("buttons") if isinstance(action, dict) else None
    for one in buttons if isinstance(buttons, list) else ():
        reply = one.get("reply") if isinstance(one, dict) else None
        if not isinstance(reply, dict) or not 1 <= len(str(reply.get("title") or "")) <= 20:
            raise refused(131009, "Parameter value is not valid", "A button's title has 1 to 20 characters")  # fmt: skip
    if content.get("type") == "button" and not 1 <= len(buttons or []) <= 3:
        raise refused(131009, "Parameter value is not valid", "There are 1 to 3 buttons")
    return words


# --- answering -------------------------------------------------------------------------------------


def accepted(contact: dict[str, Any], identity: str) -> dict[str, Any]:
    return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": identity}]}


def refused(code: int, title: str, details: str | None = None, status: int = 400) -> Refusal:
    refusal = Refusal(code, f"(#{code}) {title}", status=status)
    refusal.body["error_data"] = {"messaging_product": "whatsapp", "details": details or title}
    return refusal


def templates() -> list[dict[str, Any]]:
    return [
        {"id": f"{600 + number}{place}", "name": name, "language": code, "status": "APPROVED",
         "category": "UTILITY", "components": [{"type": "BODY", "text": words}]}
        for number, (name, said) in enumerate(TEMPLATES.items())
        for place, (code, words) in enumerate(said.items())
    ]  # fmt: skip
