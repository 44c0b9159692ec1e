"""How the Graph API says no; how it picks fields and cuts lists into pages."""

from __future__ import annotations

import re
from typing import Any

from bridge.sandbox.meta_hooks import Subscription
from bridge.sandbox.wires import APP_ID


class Refusal(Exception):
    """A Graph error."""

    def __init__(
        self,
        code: int,
        message: str,
        subcode: int | None = None,
        kind: str = "OAuthException",
        status: int = 400,
        transient: bool = False,
    ) -> None:
        super().__init__(message)
        self.code, self.subcode, self.status = code, subcode, status
        self.body: dict[str, Any] = {"message": message, "type": kind, "code": code}
        if subcode is not None:
            self.body["error_subcode"] = subcode
        if transient:
            self.body["is_transient"] = True


def missing(identity: str) -> Refusal:
    return Refusal(
        100,
        f"Unsupported request. Object with ID '{identity}' does not exist, cannot be loaded due to "
        "missing permissions, or does not support this operation.",
        33,
        "GraphMethodException",
    )


def bad(text: str, subcode: int | None = None) -> Refusal:
    return Refusal(100, f"(#100) {text}", subcode)


def unsupported(method: str) -> Refusal:
    return Refusal(100, f"Unsupported {method.lower()} request", 33, "GraphMethodException")


def subscribed_apps(subscription: Subscription, method: str, params: dict[str, Any]) -> Any:
    """The edge of that name: which webhook fields our app listens to."""
    match method:
        case "GET":
            chosen = subscription.chosen
            fields = list(subscription.known) if chosen is None else sorted(chosen)
            app = {"id": APP_ID, "name": "Acme bridge", "subscribed_fields": fields}
            return {"data": [app] if fields else []}
        case "POST":
            wish = params.get("subscribed_fields", "")
            names = wish if isinstance(wish, list) else [one for one in str(wish).split(",") if one]
            if not names:
                raise bad("The parameter subscribed_fields is required.")
            if unknown := [name for name in names if name not in subscription.known]:
                known = ", ".join(subscription.known)
                raise bad(
                    f"Param subscribed_fields must be one of {{{known}}} - got {unknown[0]!r}."
                )
            subscription.chosen = set(names)
            return {"success": True}
        case "DELETE":
            subscription.chosen = set()
            return {"success": True}
    raise unsupported(method)


Fields = dict[str, tuple["Fields", int | None]]  # name -> what is asked of it, and `.limit(n)`


def parsed(text: str) -> Fields:
    """`id,messages.limit(5){id,from}` as names with what they ask for; nonsense is ignored, as there."""
    found: Fields = {}
    depth, start = 0, 0
    for at, letter in enumerate(text + ","):
        if letter in "({":
            depth += 1
        elif letter in ")}":
            depth -= 1
        elif letter == "," and depth <= 0:
            if one := re.match(
                r"\s*(\w+)((?:\.\w+\([^)]*\))*)\s*(?:\{(.*)\})?", text[start:at], re.DOTALL
            ):
                limit = re.search(r"\.limit\((\d+)\)", one[2] or "")
                found[one[1]] = (parsed(one[3]) if one[3] else {}, int(limit[1]) if limit else None)
            start, depth = at + 1, 0
    return found


def manner(text: str, name: str) -> dict[str, str]:
    """How the field *name* is asked for: `comments.filter(stream).limit(5)` is `{filter: stream, limit: 5}`."""
    found = re.search(rf"(?:^|[,{{]){name}((?:\.\w+\([^)]*\))+)", text.replace(" ", ""))
    return dict(re.findall(r"\.(\w+)\(([^)]*)\)", found[1])) if found else {}


def inside(text: str, name: str) -> str:
    """What stands in the braces of the field *name* of *text*, as it was written; "" for none."""
    found = re.search(rf"(?:^|[,{{])\s*{name}(?:\.\w+\([^)]*\))*\{{", text)
    depth, start = 1, found.end() if found else len(text)
    for at in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return text[start:at]
    return ""


def picked(values: dict[str, Any], fields: Any) -> dict[str, Any]:
    """The asked fields that there are; `id` is always among them."""
    names = ",".join(fields) if isinstance(fields, list) else str(fields)
    chosen = {name: values[name] for name in parsed(names) if name in values}
    chosen.setdefault("id", values["id"])
    return chosen


def paged(items: list[dict[str, Any]], params: dict[str, Any]) -> dict[str, Any]:
    """One page of *items*: `limit` and the cursor `after`, which is the id of the last one seen."""
    size = int(params["limit"]) if str(params.get("limit", "")).isdigit() else 25
    size = max(1, min(size, 100))
    ids = [item.get("id") for item in items]
    start = ids.index(params["after"]) + 1 if params.get("after") in ids else 0
    page = items[start : start + size]
    if not page:
        return {"data": []}
    paging: dict[str, Any] = {"cursors": {"before": ids[start], "after": page[-1]["id"]}}
    if start + size < len(items):
        paging["next"] = f"https://graph.facebook.com/next?after={page[-1]['id']}"
    return {"data": page, "paging": paging}
