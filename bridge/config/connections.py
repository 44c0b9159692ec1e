"""connections.yaml: what is connected, with the secrets the environment holds."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from marshmallow import ValidationError

from bridge.config import environ as env
from bridge.config.findings import Findings
from bridge.config.plain import Document, Where
from bridge.config.proofs import OPTION, read_proof
from bridge.config.providers import GENERIC, LATER, Options, Providers
from bridge.config.values import CONNECTION, LANGUAGE, Flag, Text, unknown_key
from bridge.core.described import Described
from bridge.core.mistakes import nearest
from bridge.core.model import Account, Connection, Secret

_ROUTING = ("helpdesk", "language", "name", "calendar")
_ACCOUNT = ("channel", "id", "name", "token", "helpdesk", "language", "calendar")


def read_connections(
    document: Document,
    environ: Mapping[str, str],
    providers: Providers,
    findings: Findings,
    sources: Mapping[str, Described | None],
    calendars: Collection[str] | None = (),
) -> dict[str, Connection]:
    """The connections that *document* names; what is wrong with them goes to *findings*.

    *sources* are the described ones, None for those whose file has mistakes; *calendars* are those there
    are, None where their file has mistakes.
    """
    return _Reader(document, environ, providers, findings, sources, calendars).read()


class _Reader:
    """One reading of one file: the values that every step needs."""

    def __init__(
        self,
        document: Document,
        environ: Mapping[str, str],
        providers: Providers,
        findings: Findings,
        sources: Mapping[str, Described | None],
        calendars: Collection[str] | None,
    ) -> None:
        self.document = document
        self.environ = environ
        self.providers = providers
        self.findings = findings
        self.sources = sources
        self.calendars = calendars
        self.helpdesks: list[str] = []

    def wrong(self, where: Where, sentence: str) -> None:
        self.findings.wrong(self.document, where, sentence)

    def read(self) -> dict[str, Connection]:
        data = self.document.data
        written = data.get("connections") if isinstance(data, Mapping) else None
        for key in data if isinstance(data, Mapping) else ():
            if key != "connections":
                self.wrong((key,), unknown_key(key, ["connections"]))
        if not isinstance(written, Mapping) or not written:
            self.wrong((), "needs `connections:` with at least one connection below it")
            return {}
        self.helpdesks = [
            name
            for name, one in written.items()
            if isinstance(one, Mapping) and one.get("type") in self.providers.helpdesks
        ]
        found: dict[str, Connection] = {}
        for name, one in written.items():
            connection = self.connection(name, one)
            if connection is not None:
                found[name] = connection
        self.refuse_shared_accounts(found)
        if not self.helpdesks:
            self.findings.unready(
                self.document, ("connections",), "holds no helpdesk, so tickets have nowhere to go"
            )
        return found

    def connection(self, name: str, written: Any) -> Connection | None:
        """One connection, or None when its type is unknown."""
        where: Where = ("connections", name)
        if not CONNECTION.fullmatch(name):
            self.wrong(where, "a name may hold small letters, digits, - and _ only, 64 at most")
        if not isinstance(written, Mapping):
            self.wrong(where, "needs keys with values below it, `type:` first")
            return None
        type_ = self.type(where, written)
        if type_ is None:
            return None
        source = type_ in self.providers.sources
        known = (self.providers.sources if source else self.providers.helpdesks)[type_]
        allowed = ["type", *known.secrets, *known.options]
        if source:
            allowed += [key for key in _ROUTING if key not in allowed]
            allowed += ["accounts"] if known.accounts else []
            allowed += ["proof"] if type_ == GENERIC else []
        for key in written:
            if key not in allowed:
                self.wrong((*where, key), unknown_key(key, allowed))
        for need in known.required:
            if not any(option in written for option in need.split("|")):
                self.wrong(where, f"`{need.replace('|', '` or `')}` is missing")
        options = self.options(where, written, known.options, known.choices)
        for key in known.secrets:
            if key in written:
                options[key] = self.secrets((*where, key), written[key])
        if type_ == GENERIC:
            known = self.described(where, written, known, options)
        accounts = self.accounts(where, type_, known, written, options) if source else ()
        return Connection(name=name, type=type_, options=options, accounts=accounts)

    def described(
        self, where: Where, written: Mapping[str, Any], known: Options, options: dict[str, Any]
    ) -> Options:
        """*known* with the channel of the file that the connection names; its proof goes to *options*."""
        if "proof" in written:
            options["proof"], options[OPTION] = read_proof(
                (*where, "proof"), written["proof"], self.wrong, self.secrets
            )
        name = options.get("source")
        if name is not None and name not in self.sources:
            names = ", ".join(self.sources) or "none"
            self.wrong(
                (*where, "source"),
                f"there is no file sources/{name}.yaml (there is: {names})"
                f"{nearest(name, self.sources)}",
            )
        file = self.sources.get(name) if name else None
        return replace(known, channels=(file.channel,)) if file else known

    def type(self, where: Where, written: Mapping[str, Any]) -> str | None:
        """The connection's type when this release has it, else None and a problem."""
        built = [*self.providers.sources, *self.providers.helpdesks]
        type_ = written.get("type")
        if type_ in built:
            return str(type_)
        if not isinstance(type_, str):
            self.wrong(where, f"`type` is missing: one of {', '.join(built)}")
        elif type_ in LATER:
            self.wrong(
                (*where, "type"), f"'{type_}' is not in this release; it has {', '.join(built)}"
            )
        else:
            self.wrong(
                (*where, "type"),
                f"'{type_}' is not one of {', '.join(built)}{nearest(type_, [*built, *LATER])}",
            )
        return None

    # --- values --------------------------------------------------------------------------------

    def secrets(self, where: Where, written: Any) -> Secret | tuple[Secret, ...]:
        """The secret, or secrets, that *written* refers to."""
        if isinstance(written, list):
            if not written:
                self.wrong(where, "is empty: it needs at least one secret")
            return tuple(self.secret((*where, at), one) for at, one in enumerate(written))
        return self.secret(where, written)

    def secret(self, where: Where, written: Any) -> Secret:
        """The one secret that `${NAME}` stands for; its value is never told."""
        if not isinstance(written, str) or not env.is_reference(written):
            names = [str(key).upper().replace("-", "_") for key in where[1:3]]
            names = [name for name in names if name != "ACCOUNTS"]
            names += ["TOKEN"] if where[-1] == "token" and "accounts" in where else []
            advice = f'"${{{"_".join(names)}}}"'
            self.wrong(
                where,
                f"a secret must not stand in the file: write {advice} here and its value into"
                " the environment or .env",
            )
            return Secret("")
        name = env.names_in(written)[0]
        if name not in self.environ:
            self.missing(where, name)
            return Secret("")
        value = self.environ[name].strip()
        option = next((key for key in reversed(where) if isinstance(key, str)), "")
        weak = env.weakness(value, shortest=1 if option in env.ANY_LENGTH else env.SHORTEST)
        if weak:
            self.findings.unready(self.document, where, f"the value of ${{{name}}} {weak}")
        return Secret(value)

    def missing(self, where: Where, name: str) -> None:
        self.findings.unready(
            self.document, where, f"${{{name}}} is not set, neither in the environment nor in .env"
        )

    def text(self, where: Where, written: Any) -> str | None:
        """A text with its references filled in, or None and a problem."""
        try:
            text: str = Text().deserialize(written)
        except ValidationError as error:
            self.findings.all_of(self.document, error.messages, where)
            return None
        for name in env.names_in(text):
            if name not in self.environ:
                self.missing(where, name)
                return None
            if not self.environ[name].strip():
                self.findings.unready(self.document, where, f"the value of ${{{name}}} is empty")
                return None
        return env.filled(text, self.environ).strip()

    def options(
        self,
        where: Where,
        written: Mapping[str, Any],
        known: Mapping[str, Any],
        choices: Mapping[str, tuple[str, ...]],
    ) -> dict[str, Any]:
        """The values of the *known* options, each as written or else its default."""
        found = {
            key: self.option((*where, key), key, written[key], default)
            if key in written
            else default
            for key, default in known.items()
        }
        for key, words in choices.items():
            if key in found and found[key] not in words:
                hint = nearest(str(found[key]), words)
                said = f"'{found[key]}' is not one of {', '.join(words)}{hint}"
                self.wrong((*where, key), said)
        return found

    def option(self, where: Where, key: str, written: Any, default: Any) -> Any:
        """The value of an option that is no secret, of the same type as its *default*."""
        try:
            if isinstance(default, bool):
                return Flag().deserialize(written)
        except ValidationError as error:
            self.findings.all_of(self.document, error.messages, where)
            return default
        if isinstance(default, (int, float)):
            if isinstance(written, bool) or not isinstance(written, (int, float)):
                self.wrong(where, "must be a number")
                return default
            return written
        if isinstance(default, (list, tuple)):
            many = written if isinstance(written, list) else [written]
            return tuple(self.text((*where, at), one) for at, one in enumerate(many))
        if isinstance(default, Mapping):
            return written
        text = self.text(where, written)
        if text is not None and key.endswith("url"):
            return self.address(where, text)
        return default if text is None else text

    def address(self, where: Where, text: str) -> str:
        """*text* as the base of an API: https (http on loopback), a host, no user, no query."""
        try:
            parts = urlsplit(text)
            host, _ = parts.hostname, parts.port
        except ValueError:
            self.wrong(where, "is not an address such as https://acme.example.com")
            return ""
        if parts.scheme not in ("https", "http") or not host:
            self.wrong(where, "is not an address such as https://acme.example.com")
        elif parts.username is not None or parts.password is not None:
            self.wrong(where, "must not hold a user or a password")
        elif parts.query or parts.fragment:
            self.wrong(where, "must end before any ? or #")
        elif parts.scheme == "http" and not is_loopback(host):
            self.wrong(where, "must be https; http is for loopback addresses alone")
        return text.rstrip("/")

    # --- accounts ------------------------------------------------------------------------------

    def accounts(
        self,
        where: Where,
        type_: str,
        known: Options,
        written: Mapping[str, Any],
        options: dict[str, Any],
    ) -> tuple[Account, ...]:
        """The accounts of a connection; one that lists none is one account itself."""
        general = {key: self.routing(where, key, written) for key in _ROUTING}
        if not known.accounts:
            options |= {key: value for key, value in general.items() if value is not None}
            token = options.get("token")
            return (
                Account(
                    channel=known.channels[0] if known.channels else type_,
                    name=general["name"],
                    token=token if isinstance(token, Secret) else Secret(""),
                    helpdesk=self.helpdesk(where, general["helpdesk"]),
                    language=general["language"],
                    calendar=general["calendar"],
                ),
            )
        listed = written.get("accounts")
        if not isinstance(listed, list) or not listed:
            self.wrong((*where, "accounts") if "accounts" in written else where,
                       "needs `accounts:`, a list with at least one account")  # fmt: skip
            return ()
        accounts = (
            self.account((*where, "accounts", at), known, one, general)
            for at, one in enumerate(listed)
        )
        return tuple(account for account in accounts if account is not None)

    def account(
        self, where: Where, known: Options, written: Any, general: Mapping[str, str | None]
    ) -> Account | None:
        if not isinstance(written, Mapping):
            self.wrong(where, "needs `channel:`, `id:` and `token:`")
            return None
        allowed = (*_ACCOUNT, *known.account_options)
        for key in written:
            if key not in allowed:
                self.wrong((*where, key), unknown_key(key, allowed))
        for key in ("channel", "id", "token"):
            if key not in written:
                self.wrong(where, f"`{key}` is missing")
        channel = written.get("channel")
        if channel is not None and known.channels and channel not in known.channels:
            names, hint = ", ".join(known.channels), nearest(str(channel), known.channels)
            self.wrong((*where, "channel"), f"'{channel}' is not one of {names}{hint}")
        own = {key: self.routing(where, key, written) for key in _ROUTING}
        routing = {key: own[key] or general[key] for key in _ROUTING}
        return Account(
            channel=str(channel),
            id=self.text((*where, "id"), written["id"]) if "id" in written else None,
            name=routing["name"],
            token=self.secret((*where, "token"), written["token"])
            if "token" in written
            else Secret(""),
            helpdesk=self.helpdesk(where, routing["helpdesk"]),
            language=routing["language"],
            calendar=routing["calendar"],
            options=self.options(where, written, known.account_options, known.choices),
        )

    def routing(self, where: Where, key: str, written: Mapping[str, Any]) -> str | None:
        """The text of one of _ROUTING, checked; None when it is not said."""
        if key not in written:
            return None
        text = self.text((*where, key), written[key])
        if text is None:
            return None
        if key == "language" and not LANGUAGE.fullmatch(text):
            self.wrong((*where, key), f"'{text[:20]}' is not a language code such as en or pl")
        if key == "helpdesk" and text not in self.helpdesks:
            names = ", ".join(self.helpdesks) or "none"
            self.wrong(
                (*where, key),
                f"'{text}' is not a helpdesk connection (there is: {names})"
                f"{nearest(text, self.helpdesks)}",
            )
        if key == "calendar" and self.calendars is not None and text not in self.calendars:
            self.wrong((*where, key), no_calendar(text, self.calendars))
        return text

    def helpdesk(self, where: Where, named: str | None) -> str | None:
        """The helpdesk of an account: the one it names, or the only one there is."""
        if named is None and len(self.helpdesks) > 1:
            self.wrong(where, f"needs `helpdesk:`, one of {', '.join(self.helpdesks)}")
        return named or (self.helpdesks[0] if len(self.helpdesks) == 1 else None)

    def refuse_shared_accounts(self, found: Mapping[str, Connection]) -> None:
        """An account in two places would make two tickets of each message."""
        seen: dict[tuple[str, str], str] = {}
        for name, connection in found.items():
            for at, account in enumerate(connection.accounts):
                if account.id is None:
                    continue
                key = (account.channel, account.id)
                if key in seen:
                    self.wrong(
                        ("connections", name, "accounts", at),
                        f"the {account.channel} account {account.id} stands in {seen[key]} already",
                    )
                seen.setdefault(key, name)


def no_calendar(name: str, there: Collection[str]) -> str:
    """The sentence for a calendar that calendars.yaml does not hold."""
    known = ", ".join(there) or "none"
    return f"there is no calendar '{name[:64]}' in calendars.yaml (there is: {known}){nearest(name, there)}"


def is_loopback(host: str) -> bool:
    """Whether *host* can only be this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def variables(document: Document) -> list[str]:
    """The names of all variables that *document* refers to, in order."""
    return list(dict.fromkeys(_references(document.data)))


def _references(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield from env.names_in(value)
    elif isinstance(value, (list, dict)):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _references(one)
