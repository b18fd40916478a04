"""Which proxy stands before a server: as Go's `httpproxy.FromEnvironment` decides it, which kubectl uses.

Written here because httpx2 reads `NO_PROXY` without networks (`10.0.0.0/8`), which is how most who need it write it, and
because its trust in the environment brings `.netrc` along.
"""

import ipaddress
import os
from urllib.parse import urlsplit


def for_server(server: str, configured: str | None = None) -> str | None:
    """The proxy's URL, or None for none. `configured` is the `proxy-url` of the kubeconfig, which is asked for alone."""
    if configured:
        return configured
    parts = urlsplit(server)
    scheme = "HTTP" if parts.scheme == "http" else "HTTPS"
    proxy = os.environ.get(f"{scheme}_PROXY") or os.environ.get(f"{scheme.lower()}_proxy") or ""
    if not proxy or _excepted(parts.hostname or "", parts.port or (80 if scheme == "HTTP" else 443)):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _excepted(host: str, port: int) -> bool:
    address = _address(host)
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    listed = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
    return any(_matches(entry.strip().lower(), host.lower(), port) for entry in listed.split(",") if entry.strip())


def _matches(entry: str, host: str, port: int) -> bool:
    if entry == "*":
        return True
    address = _address(host)
    network = _network(entry)
    if network is not None:
        return address is not None and address in network
    name, colon, given = entry.rpartition(":")
    if colon and given.isdigit():
        if int(given) != port:
            return False
        entry = name
    domain = entry.removeprefix("*").removeprefix(".")
    return host.endswith(f".{domain}") or (host == domain and not entry.startswith((".", "*")))


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _network(entry: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return None
