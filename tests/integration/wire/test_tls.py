"""An address `rediss://`: who answers there must prove its name, to Celery and to us."""

from __future__ import annotations

import ipaddress
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from celery import Celery
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from kombu.exceptions import OperationalError

from deploy.sandbox.broker import free_port, port_is_free
from deploy.sandbox.tools import find_program
from mailadmin.wire.broker import celery_settings
from mailadmin.wire.core.messages import Role
from mailadmin.wire.transport import Transport, TransportDown
from tests.fixtures.sandbox import LIVENESS_S, wait_until


@dataclass(frozen=True, slots=True)
class TlsRedis:
    """A Redis that speaks TLS alone, with a certificate for 127.0.0.1 of an authority that no
    machine knows."""

    port: int
    authority: Path

    def url(self, host: str = "127.0.0.1", *, trusted: bool) -> str:
        return f"rediss://{host}:{self.port}/0" + f"?ssl_ca_certs={self.authority}" * trusted


@pytest.fixture(scope="module")
def tls_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsRedis]:
    place = tmp_path_factory.mktemp("tls")
    certificate, key = place / "redis.crt", place / "redis.key"
    write_certificate(certificate, key)
    port = free_port()
    argv = [find_program("redis-server"), "--port", "0", "--tls-port", str(port)]
    argv += ["--bind", "127.0.0.1", "--save", "", "--tls-auth-clients", "no", "--dir", str(place)]
    argv += ["--tls-cert-file", str(certificate), "--tls-key-file", str(key)]
    server = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: not port_is_free(port), "Redis listens", seconds=LIVENESS_S)
        yield TlsRedis(port, certificate)
    finally:
        server.terminate()
        server.wait(LIVENESS_S)


def write_certificate(certificate: Path, key: Path) -> None:
    """A certificate for 127.0.0.1 that is its own authority."""
    private, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a trial")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder(name, name, private.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    key.write_bytes(private.private_bytes(serialization.Encoding.PEM, form, plain))


def reach(url: str) -> None:
    """Through Celery, as orders and reports go. Raises OperationalError."""
    app = Celery("tls", set_as_current=False, fixups=[])
    app.conf.update(celery_settings(url=url, prefix="control", queues=["control"]))
    with app.connection_for_write() as connection:
        connection.ensure_connection(max_retries=1, interval_start=0, timeout=300)


def reach_blobs(url: str) -> None:
    """As blobs go. Raises TransportDown."""
    app = Celery("tls", set_as_current=False, fixups=[])
    transport = Transport.connect(app=app, url=url, blob_ttl_s=60)
    assert transport.backlog("listes", Role.DEPLOY) == 0


def test_a_certificate_that_is_trusted_and_names_the_server_is_taken(tls_redis: TlsRedis) -> None:
    reach(tls_redis.url(trusted=True))
    reach_blobs(tls_redis.url(trusted=True))


def test_an_unknown_authority_is_refused(tls_redis: TlsRedis) -> None:
    with pytest.raises(OperationalError, match="CERTIFICATE_VERIFY_FAILED"):
        reach(tls_redis.url(trusted=False))
    with pytest.raises(TransportDown, match="CERTIFICATE_VERIFY_FAILED"):
        reach_blobs(tls_redis.url(trusted=False))


def test_another_name_is_refused(tls_redis: TlsRedis) -> None:
    with pytest.raises(OperationalError, match="Hostname mismatch"):
        reach(tls_redis.url("localhost", trusted=True))
    with pytest.raises(TransportDown, match="Hostname mismatch"):
        reach_blobs(tls_redis.url("localhost", trusted=True))
