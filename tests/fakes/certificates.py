"""A certificate for this machine's loopback, made by openssl, and what signed it: itself."""

import ssl
import subprocess
from pathlib import Path

import pytest


def made_in(folder: Path) -> Path:
    """A file that holds a key and its certificate for 127.0.0.1; the certificate is its own authority."""
    file, key = folder / "tls.crt", folder / "tls.key"
    words = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3 -subj /CN=fake -addext"
    command = [*words.split(), "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(file)]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    except FileNotFoundError:
        pytest.skip("no openssl on PATH, which makes the certificate of the TLS tests")
    return file


def serving(file: Path) -> ssl.SSLContext:
    """What a server with that certificate speaks."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, file.with_suffix(".key"))
    return context
