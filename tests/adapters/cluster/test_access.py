"""The way to a cluster: credentials, TLS, proxies, and everything that goes wrong on it."""

import http.server
import json
import socket
import ssl
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from skewguard.adapters.cluster import access
from skewguard.adapters.cluster.errors import ClusterError, Misconfigured, TooSlow, Unauthorized, Unreachable
from skewguard.adapters.cluster.reach import Reach
from skewguard.adapters.cluster.read import Reader
from skewguard.adapters.cluster.resources import PODS
from tests.adapters.cluster.conftest import pod
from tests.fakes.api_server import TOKEN, ApiServer, free_port
from tests.fakes.streaming import Ran

SECRET = "s3cr3t-token-of-nobody"  # noqa: S105


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 and `api.internal`, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "tls.crt", folder / "tls.key"
    names = "subjectAltName=IP:127.0.0.1,DNS:api.internal"
    words = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "3",
        "-subj",
        "/CN=fake",
        "-addext",
        names,
    ]
    try:
        subprocess.run([*words, "-keyout", key, "-out", cert], check=True, capture_output=True, timeout=60)
    except FileNotFoundError:
        pytest.skip("no openssl on PATH, which makes the certificate of the TLS tests")
    return cert, key


@pytest.fixture
def secure(certificate: tuple[Path, Path]) -> Iterator[ApiServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with ApiServer(tls=context) as server:
        yield server


def names(kubeconfig: str, deadline: float = 20) -> list[str]:
    """The pods that can be read with a kubeconfig."""
    with access.connect(kubeconfig=kubeconfig, deadline=deadline) as cluster:
        return [each["metadata"]["name"] for each in Reader(cluster).list(PODS, dict)]


def refusal(kubeconfig: str, deadline: float = 20) -> ClusterError:
    """Why they cannot be read; no credential is in it."""
    with pytest.raises(ClusterError) as caught:
        names(kubeconfig, deadline)
    shown = f"{caught.value} {caught.value.hint} {caught.value.would_need}"
    assert SECRET not in shown
    assert TOKEN not in shown
    return caught.value


def plugin(folder: Path, script: str, **more: Any) -> dict[str, Any]:
    """A user whose credentials come from a Python program."""
    path = folder / "plugin"
    path.write_text(f"#!{sys.executable}\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IEXEC)
    given = {"command": "./plugin", "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never", **more}
    return {"exec": given}


def gives(token: str = TOKEN, version: str = "v1", **status: str) -> str:
    content = {
        "apiVersion": f"client.authentication.k8s.io/{version}",
        "kind": "ExecCredential",
        "status": status or {"token": token},
    }
    return f"print({json.dumps(content)!r})"


# ---- TLS -----------------------------------------------------------------------------------------------------------


def test_a_token_over_tls(secure: ApiServer, certificate: tuple[Path, Path], tmp_path: Path) -> None:
    """The server is verified by the authority of the kubeconfig, and knows the token."""
    assert names(secure.kubeconfig(tmp_path, ca=certificate[0])) == []


def test_a_server_that_cannot_be_trusted(secure: ApiServer, tmp_path: Path) -> None:
    """Without the authority nothing is sent to it."""
    error = refusal(secure.kubeconfig(tmp_path))
    assert isinstance(error, Unreachable)
    assert "cannot be trusted: self" in str(error)
    assert not secure.asked


def test_a_server_of_another_name(secure: ApiServer, certificate: tuple[Path, Path], tmp_path: Path) -> None:
    """`tls-server-name` is the name that the certificate must have."""
    path = Path(secure.kubeconfig(tmp_path, ca=certificate[0]))
    content = json.loads(path.read_text())
    content["clusters"][0]["cluster"]["tls-server-name"] = "other.internal"
    path.write_text(json.dumps(content))
    assert "cannot be trusted" in str(refusal(str(path)))
    path.write_text(json.dumps(content).replace("other.internal", "api.internal"))
    assert names(str(path)) == []


def test_unverified_tls_is_loud(secure: ApiServer, tmp_path: Path) -> None:
    """kubectl honours it, so does this; and says what it means."""
    path = Path(secure.kubeconfig(tmp_path))
    path.write_text(path.read_text().replace('"cluster": {', '"cluster": {"insecure-skip-tls-verify": true, ', 1))
    with access.connect(kubeconfig=str(path), deadline=20) as cluster:
        assert list(Reader(cluster).list(PODS, dict)) == []
        assert any("is not verified" in note for note in cluster.notes)


@pytest.mark.parametrize("data", ["%%%", "bm8gUEVN"])
def test_certificates_that_are_none(secure: ApiServer, tmp_path: Path, data: str) -> None:
    """Neither base64 nor PEM: which context, which fields, what to do."""
    path = Path(secure.kubeconfig(tmp_path))
    path.write_text(
        path.read_text().replace('"cluster": {', f'"cluster": {{"certificate-authority-data": "{data}", ', 1)
    )
    error = refusal(str(path))
    assert isinstance(error, Misconfigured)
    assert "the certificates of context fake cannot be used" in str(error)


# ---- credentials ---------------------------------------------------------------------------------------------------


def test_a_token_that_has_expired(secure: ApiServer, certificate: tuple[Path, Path], tmp_path: Path) -> None:
    """The context, the server and where the token stands; never the token."""
    error = refusal(secure.kubeconfig(tmp_path, ca=certificate[0], token=SECRET))
    assert isinstance(error, Unauthorized)
    assert "does not accept the credentials of context fake (401)" in str(error)
    assert "renew the token of this user in" in (error.hint or "")


def test_a_token_that_no_header_can_hold(secure: ApiServer, certificate: tuple[Path, Path], tmp_path: Path) -> None:
    """It is told before the HTTP library would quote it."""
    error = refusal(secure.kubeconfig(tmp_path, ca=certificate[0], token=f"{SECRET}\nX: y"))
    assert "holds characters that no token has" in str(error)


def test_a_token_file_is_read_again(secure: ApiServer, certificate: tuple[Path, Path], tmp_path: Path) -> None:
    """A token that the kubelet replaced is taken at the next refusal."""
    (tmp_path / "token").write_text("old")
    path = secure.kubeconfig(tmp_path, ca=certificate[0], tokenFile="token")
    with access.connect(kubeconfig=path, deadline=20) as cluster:
        (tmp_path / "token").write_text(f"{TOKEN}\n")
        assert list(Reader(cluster).list(PODS, dict)) == []
        secure.rights.users = {"newer": "admin"}
        (tmp_path / "token").write_text("newer")
        assert list(Reader(cluster).list(PODS, dict)) == []


def test_a_token_file_that_is_no_text(secure: ApiServer, certificate: tuple[Path, Path], tmp_path: Path) -> None:
    """A refusal with words, without what is in it."""
    (tmp_path / "token").write_bytes(b"\xff\xfe" + SECRET.encode())
    error = refusal(secure.kubeconfig(tmp_path, ca=certificate[0], tokenFile="token"))
    assert isinstance(error, Unauthorized)


def test_a_token_file_that_is_gone(secure: ApiServer, certificate: tuple[Path, Path], tmp_path: Path) -> None:
    """It is told as what it is."""
    error = refusal(secure.kubeconfig(tmp_path, ca=certificate[0], tokenFile="gone"))
    assert isinstance(error, Unauthorized)
    assert "the credentials of context fake cannot be read any more" in str(error)


def test_no_credentials_over_plain_http(server: ApiServer, tmp_path: Path) -> None:
    """As kubectl: a token is not sent where everybody can read it. The connection itself is noted."""
    path = server.kubeconfig(tmp_path, token=SECRET)
    with access.connect(kubeconfig=path, deadline=20) as cluster:
        assert list(Reader(cluster).list(PODS, dict)) == []
        assert any("without TLS" in note for note in cluster.notes)
    assert all("authorization" not in headers for headers in server.headers)


def test_acting_as_somebody_else(server: ApiServer, tmp_path: Path) -> None:
    """Impersonation goes with every request."""
    user: dict[str, Any] = {"as": "eve", "as-groups": ["ops", "dev"], "as-user-extra": {"acme.com/project": ["a"]}}
    names(server.kubeconfig(tmp_path, **user))
    assert server.headers[0]["impersonate-user"] == "eve"
    assert server.headers[0]["impersonate-extra-acme.com%2fproject"] == "a"


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_a_plugin(secure: ApiServer, certificate: tuple[Path, Path], tmp_path: Path, version: str) -> None:
    """Run beside the kubeconfig, with its variables and what client-go tells it; once for many requests."""
    script = f"import os, pathlib\nassert os.environ['REGION'] == 'x'\nassert 'KUBERNETES_EXEC_INFO' in os.environ\nopen('{tmp_path}/runs', 'a').write('x')\n"
    user = plugin(
        tmp_path,
        script + gives(version=version),
        apiVersion=f"client.authentication.k8s.io/{version}",
        env=[{"name": "REGION", "value": "x"}],
        provideClusterInfo=True,
    )
    path = secure.kubeconfig(tmp_path, ca=certificate[0], **user)
    with access.connect(kubeconfig=path, deadline=20) as cluster:
        for _ in range(3):
            assert list(Reader(cluster).list(PODS, dict)) == []
    assert (tmp_path / "runs").read_text() == "x"


def test_a_plugin_is_asked_again(secure: ApiServer, certificate: tuple[Path, Path], tmp_path: Path) -> None:
    """A token that is not accepted any more is renewed once."""
    script = f"import pathlib\nruns = pathlib.Path('{tmp_path}/runs')\nruns.write_text(runs.read_text() + 'x' if runs.exists() else 'x')\n"
    script += (
        gives("TOKEN-x")
        .replace("TOKEN-x'", "TOKEN-' + runs.read_text()")
        .replace('TOKEN-x"}}', "TOKEN-' + runs.read_text() + '\"}}")
    )
    secure.rights.users = {"TOKEN-x": "admin"}
    with access.connect(
        kubeconfig=secure.kubeconfig(tmp_path, ca=certificate[0], **plugin(tmp_path, script)), deadline=20
    ) as cluster:
        assert list(Reader(cluster).list(PODS, dict)) == []
        secure.rights.users = {"TOKEN-xx": "admin"}
        assert list(Reader(cluster).list(PODS, dict)) == []


def test_a_certificate_from_a_plugin(certificate: tuple[Path, Path], tmp_path: Path) -> None:
    """It is shown to a server that wants one."""
    cert, key = (path.read_text() for path in certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    context.load_verify_locations(certificate[0])
    context.verify_mode = ssl.CERT_REQUIRED
    with ApiServer(tls=context) as server:
        server.rights.users[""] = "by-certificate"
        user = plugin(tmp_path, gives(clientCertificateData=cert, clientKeyData=key))
        assert names(server.kubeconfig(tmp_path, ca=certificate[0], **user)) == []


def test_a_certificate_without_its_key(secure: ApiServer, certificate: tuple[Path, Path], tmp_path: Path) -> None:
    """A plugin that gives a key which is none."""
    user = plugin(tmp_path, gives(clientCertificateData=certificate[0].read_text(), clientKeyData="no key"))
    error = refusal(secure.kubeconfig(tmp_path, ca=certificate[0], **user))
    assert "the certificates of context fake cannot be used" in str(error)


@pytest.mark.parametrize(
    ("script", "more", "message"),
    [
        (
            f"import sys\nsys.exit('login expired, token={SECRET}')",
            {},
            r"ended with exit code 1: login expired, token=<redacted",
        ),
        ("print('not json')", {}, "printed no ExecCredential"),
        (gives(version="v1beta1"), {}, "instead of client.authentication.k8s.io/v1 ExecCredential"),
        (gives(""), {}, "gave neither a token nor a certificate"),
        ("", {"apiVersion": "client.authentication.k8s.io/v1alpha1"}, "speaks client.authentication.k8s.io/v1alpha1"),
        (
            "",
            {"command": "no-such-plugin", "installHint": "install it so"},
            "the credential plugin no-such-plugin .* is not there",
        ),
        ("", {"interactiveMode": "Always"}, "there is no terminal"),
    ],
)
def test_a_plugin_that_fails(
    secure: ApiServer, tmp_path: Path, script: str, more: dict[str, Any], message: str
) -> None:
    """Which plugin of which context, what it said, without its secrets."""
    with pytest.raises(Misconfigured, match=message) as caught:
        access.connect(kubeconfig=secure.kubeconfig(tmp_path, **plugin(tmp_path, script, **more)), deadline=20)
    assert SECRET not in f"{caught.value} {caught.value.hint}"
    if "installHint" in more:
        assert caught.value.hint == "install it so"


@pytest.mark.parametrize("before", [300, 1_000, 100_000])
def test_a_token_is_masked_wherever_the_end_of_the_output_begins(
    secure: ApiServer, tmp_path: Path, before: int
) -> None:
    """Only the end of what a plugin printed is shown: a token that the cut goes through has no sign of one any more."""
    script = (
        "import sys\n"
        f"sys.exit('x ' * {before // 2} + 'token=' + '{SECRET}' * 40 + ' refused\\n' + 'y ' * 100 + 'log in again')"
    )
    with pytest.raises(Misconfigured, match="log in again") as caught:
        access.connect(kubeconfig=secure.kubeconfig(tmp_path, **plugin(tmp_path, script)), deadline=20)
    assert SECRET not in str(caught.value)


def test_a_plugin_that_waits(secure: ApiServer, tmp_path: Path) -> None:
    """It ends at the deadline."""
    with pytest.raises(TooSlow, match=r"did not end within 0\.3 s"):
        access.connect(
            kubeconfig=secure.kubeconfig(tmp_path, **plugin(tmp_path, "import time\ntime.sleep(60)")), deadline=0.3
        )


def test_the_older_providers(secure: ApiServer, certificate: tuple[Path, Path], tmp_path: Path) -> None:
    """The token that kubectl keeps for OIDC is used; others are refused, with what to use instead."""
    known: dict[str, Any] = {"auth-provider": {"name": "oidc", "config": {"id-token": TOKEN, "client-secret": SECRET}}}
    assert names(secure.kubeconfig(tmp_path, ca=certificate[0], **known)) == []
    other: dict[str, Any] = {"auth-provider": {"name": "gcp", "config": {"access-token": SECRET}}}
    error = refusal(secure.kubeconfig(tmp_path, ca=certificate[0], **other))
    assert "auth-provider gcp, which is not supported" in str(error)


def test_nobody_in_particular(server: ApiServer, tmp_path: Path) -> None:
    """A server that takes whoever asks for `system:anonymous` did not see credentials: a grant would be the wrong remedy."""
    message = (
        'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" at the cluster scope'
    )
    body = json.dumps({"kind": "Status", "reason": "Forbidden", "message": message, "code": 403}).encode()
    server.fault("/pods", status=403, body=body)
    error = refusal(server.kubeconfig(tmp_path))
    assert "user system:anonymous of context fake" in str(error)
    assert "renew the token" in (error.hint or "")


# ---- the network ---------------------------------------------------------------------------------------------------


def test_a_server_that_is_not_there(server: ApiServer, tmp_path: Path) -> None:
    """Told at once: a first contact that is refused does not mend itself within seconds."""
    path = Path(server.kubeconfig(tmp_path))
    path.write_text(path.read_text().replace(server.url, f"http://127.0.0.1:{free_port()}"))
    error = refusal(str(path))
    assert isinstance(error, Unreachable)
    assert "cannot be reached: Connection refused" in str(error)


def test_a_name_that_nobody_knows(server: ApiServer, tmp_path: Path) -> None:
    """The name, not the system's number for it."""
    path = Path(server.kubeconfig(tmp_path))
    path.write_text(path.read_text().replace(server.url, "https://api.cluster.invalid:6443"))
    assert "(api.cluster.invalid:6443) cannot be reached" in str(refusal(str(path)))


@pytest.mark.parametrize("url", ["ftp://x", "https://[::", "nonsense", "https://x:99999"])
def test_a_server_that_cannot_be_meant(server: ApiServer, tmp_path: Path, url: str) -> None:
    """Whatever stands there, it is an error with words."""
    path = Path(server.kubeconfig(tmp_path))
    path.write_text(path.read_text().replace(server.url, url))
    assert refusal(str(path)).kind == "unreachable"


def test_a_server_behind_a_path(server: ApiServer, tmp_path: Path) -> None:
    """Rancher serves each cluster below `/k8s/clusters/ID` of its own address: lists and commands go there."""
    path = Path(server.kubeconfig(tmp_path))
    path.write_text(path.read_text().replace(server.url, f"{server.url}/k8s/clusters/c-abc"))
    with access.connect(kubeconfig=str(path), deadline=20) as cluster, pytest.raises(ClusterError):
        Reader(cluster).get(PODS, "chat-0", "prod", dict)
    with access.connect(kubeconfig=str(path), deadline=20) as cluster, pytest.raises(ClusterError):
        Reach(cluster).exec_("prod", "chat-0", "vllm", ["nvidia-smi"])
    below = "/k8s/clusters/c-abc/api/v1/namespaces/prod/pods/chat-0"
    command = "container=vllm&stdout=true&stderr=true&command=nvidia-smi"
    assert server.asked == [f"GET {below}", f"GET {below}/exec?{command}"]


class Proxy(http.server.BaseHTTPRequestHandler):
    """Joins whoever asks with a CONNECT, or lets nobody through."""

    asked: ClassVar[list[str]] = []
    lets_through = False

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_CONNECT(self) -> None:
        self.asked.append(self.path)
        if not self.lets_through:
            self.send_error(407)
            return
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port)), timeout=10) as there:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=pump, args=(there, self.connection), daemon=True)
            back.start()
            pump(self.connection, there)
            back.join(10)


def pump(source: socket.socket, target: socket.socket) -> None:
    """Bytes from one to the other, until one is closed."""
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, list[str]]]:
    """The port of a proxy that lets nobody through, and what it was asked."""
    monkeypatch.setattr(Proxy, "asked", [])
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as listening:
        listening.daemon_threads = True
        threading.Thread(target=listening.serve_forever, args=(0.02,), daemon=True).start()
        yield listening.server_address[1], Proxy.asked
        listening.shutdown()


def test_everything_goes_through_a_proxy(
    secure: ApiServer,
    certificate: tuple[Path, Path],
    tmp_path: Path,
    proxy: tuple[int, list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Lists and commands alike; the server's certificate is verified behind it."""
    monkeypatch.setattr(Proxy, "lets_through", True)
    path = Path(secure.kubeconfig(tmp_path, ca=certificate[0]))
    url = f"http://127.0.0.1:{proxy[0]}"
    path.write_text(path.read_text().replace('"cluster": {', f'"cluster": {{"proxy-url": "{url}", ', 1))
    secure.add(pod("chat-0"))
    secure.on_exec("prod", "chat-0", "vllm", Ran(b"H100"))
    with access.connect(kubeconfig=str(path), deadline=20) as cluster:
        assert len(list(Reader(cluster).list(PODS, dict))) == 1
        assert Reach(cluster).exec_("prod", "chat-0", "vllm", ["nvidia-smi"]).stdout == b"H100"
    assert set(proxy[1]) == {secure.url.removeprefix("https://")}


@pytest.mark.parametrize("url", ["socks5://127.0.0.1:1080", "carrier-pigeon://x"])
def test_a_proxy_that_cannot_be_used(server: ApiServer, tmp_path: Path, url: str) -> None:
    """Which kinds there are, and what one of them needs."""
    path = Path(server.kubeconfig(tmp_path))
    path.write_text(path.read_text().replace('"cluster": {', f'"cluster": {{"proxy-url": "{url}", ', 1))
    error = refusal(str(path))
    assert isinstance(error, Misconfigured)
    assert "socks5:// with the package socksio" in (error.hint or "")


def test_a_proxy_that_refuses(secure: ApiServer, tmp_path: Path, proxy: tuple[int, list[str]]) -> None:
    """It is the proxy that is named, without the password in its URL."""
    path = Path(secure.kubeconfig(tmp_path))
    url = f"http://me:{SECRET}@127.0.0.1:{proxy[0]}"
    path.write_text(path.read_text().replace('"cluster": {', f'"cluster": {{"proxy-url": "{url}", ', 1))
    error = refusal(str(path))
    assert isinstance(error, Unreachable)
    assert f"the proxy 127.0.0.1:{proxy[0]} before context fake" in str(error)
    assert len(proxy[1]) == 1


def test_a_proxy_of_the_environment(
    server: ApiServer, tmp_path: Path, proxy: tuple[int, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTPS_PROXY holds for what NO_PROXY does not except."""
    monkeypatch.setenv("HTTPS_PROXY", f"127.0.0.1:{proxy[0]}")
    path = Path(server.kubeconfig(tmp_path))
    path.write_text(path.read_text().replace(server.url, "https://api.cluster.invalid:6443"))
    refusal(str(path))
    assert proxy[1] == ["api.cluster.invalid:6443"]
