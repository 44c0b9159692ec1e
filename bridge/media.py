"""Which addresses an attachment may be fetched from. Pure: no look-ups and no connections here.

An attachment's URL comes from a stranger, even when a platform relays it. So: https on port 443 of
the platform's own hosts, and every address behind the name a public one. `ipaddress` alone does not
tell (Python 3.11 calls NAT64, 6to4 and two metadata services global), so the list is ours.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from bridge.core.errors import PermanentError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Beyond what is not global, reserved or multicast. Checked on 3.11.7; frozen here on purpose.
_REFUSED = tuple(
    ipaddress.ip_network(net)
    for net in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "168.63.129.16/32",  # Azure's wire server
        "::/96",  # unspecified, loopback, v4-compatible
        "::ffff:0:0/96", "::ffff:0:0:0/96",  # v4-mapped (unmapped first), v4-translated
        "64:ff9b::/96", "64:ff9b:1::/48",  # NAT64
        "100::/64", "2001::/23", "2001:db8::/32", "2002::/16",  # discard, Teredo and kin, docs, 6to4
        "3fff::/20", "5f00::/16",  # documentation, SRv6
        "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
    )
)  # fmt: skip


def is_public(text: str) -> bool:
    """Whether *text* is the literal of an address on the public internet."""
    try:
        address: Address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    return not any(address in net for net in _REFUSED if net.version == address.version)


def is_loopback(text: str) -> bool:
    """Whether *text* is the literal of a loopback address."""
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a file lies; `local` only for the loopback address the operator configured himself."""

    scheme: str
    host: str
    port: int
    local: bool = False

    def allows(self, address: str) -> bool:
        """Whether we may connect to *address* for it."""
        return is_loopback(address) if self.local else is_public(address)


_NAME = re.compile(
    r"\A(?=.{1,253}\Z)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]{0,62}\Z"
)


def origin(url: str, hosts: Iterable[str], loopback: str = "") -> Origin:
    """Where *url* points; PermanentError where it may not be followed.

    *hosts* are name suffixes (`fbcdn.net` covers `scontent.fbcdn.net`); *loopback* is the
    configured `api_url`: where that is on loopback (tests, the sandbox), its host and port pass.
    """
    if not url.isascii() or any(char in url for char in "\\ \t\r\n\x00") or not url.isprintable():
        raise _refused("its address has characters that addresses do not have")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _refused("its address cannot be read") from None
    if "@" in parts.netloc:
        raise _refused("its address holds a user name")
    if parts.scheme == "http":
        if (host, port or 80) == _local(loopback):
            return Origin(scheme="http", host=host, port=port or 80, local=True)
        raise _refused("only https is followed")
    if parts.scheme != "https":
        raise _refused("only https is followed")
    if (port or 443) != 443:
        raise _refused("only port 443 is followed")
    if not _NAME.match(host) or not any(
        host == suffix or host.endswith("." + suffix) for suffix in hosts
    ):
        raise _refused("its host is none of the platform's")
    return Origin(scheme="https", host=host, port=443)


def _local(api_url: str) -> tuple[str, int] | None:
    """Host and port of *api_url* where it is http on loopback."""
    parts = urlsplit(api_url)
    host = parts.hostname or ""
    if parts.scheme == "http" and (host == "localhost" or is_loopback(host)):
        return host, parts.port or 80
    return None


def _refused(why: str) -> PermanentError:
    # The URL itself is not repeated: it is a stranger's, and may hold a token of the platform.
    return PermanentError("media_refused", f"the file is not fetched: {why}")
