"""Which proxy stands before a server."""

import pytest

from skewguard.adapters.cluster import proxies


@pytest.mark.parametrize(
    ("server", "no_proxy", "expected"),
    [
        ("https://api.example.com:6443", "", "http://proxy:3128"),
        ("https://api.example.com:6443", "example.com", None),
        ("https://api.example.com:6443", ".example.com", None),
        ("https://example.com", ".example.com", "http://proxy:3128"),
        ("https://api.example.com:6443", "api.example.com:443", "http://proxy:3128"),
        ("https://api.example.com:6443", "api.example.com:6443", None),
        ("https://notexample.com", "example.com", "http://proxy:3128"),
        ("https://10.1.2.3:6443", "10.0.0.0/8", None),
        ("https://11.1.2.3:6443", "localhost, 10.0.0.0/8", "http://proxy:3128"),
        ("https://[fd00::1]:6443", "fd00::/8", None),
        ("https://api.example.com", "*", None),
        ("https://127.0.0.1:6443", "", None),
        ("https://localhost:6443", "", None),
        ("http://api.example.com", "", None),
    ],
)
def test_exceptions_are_gos(monkeypatch: pytest.MonkeyPatch, server: str, no_proxy: str, expected: str | None) -> None:
    """Names, domains, addresses, networks and ports in NO_PROXY mean what they mean to kubectl."""
    monkeypatch.setenv("HTTPS_PROXY", "proxy:3128")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert proxies.for_server(server) == expected


def test_the_kubeconfig_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its `proxy-url` knows no exceptions."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    monkeypatch.setenv("NO_PROXY", "*")
    assert proxies.for_server("https://api.example.com", "http://own:1") == "http://own:1"
