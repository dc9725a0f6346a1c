"""Clients that check connect to the right server only; a database with TLS refuses those without."""

import ssl

import pytest

pytest.importorskip("uvicorn", reason="the extra production is not installed")
pytest.importorskip("cryptography")
pytestmark = pytest.mark.slow

from embedlab.security.tls import Authority, client_context, handshakes  # noqa: E402
from embedlab.security.tls_database import database_handshakes, tls_programs  # noqa: E402


def test_handshakes(tmp_path):
    found = handshakes(tmp_path)
    good = {"right", "another authority's certificate, unchecked", "mutual: a client of ours"}
    assert {name for name, said in found.items() if said == "200"} == good
    assert "mismatch" in found["another host's certificate"]
    assert "expired" in found["an expired certificate"]
    assert "issuer" in found["another authority's certificate"]


def test_keys_are_for_their_owner(tmp_path):
    pair = Authority(tmp_path).issue("edge", hosts=("localhost", "127.0.0.1"))
    assert pair.key.stat().st_mode & 0o077 == 0
    assert b"PRIVATE" in pair.key.read_bytes()
    assert b"PRIVATE" not in pair.certificate.read_bytes()


def test_what_openssl_reads_in_a_certificate(tmp_path):
    authority = Authority(tmp_path)
    authority.issue("edge", hosts=("localhost", "127.0.0.1"))
    read = ssl._ssl._test_decode_cert(str(tmp_path / "edge-1.pem"))
    assert read["subjectAltName"] == (("DNS", "localhost"), ("IP Address", "127.0.0.1"))
    context = client_context(authority.pair.certificate)
    assert context.check_hostname
    assert context.verify_mode == ssl.CERT_REQUIRED


@pytest.mark.skipif(not tls_programs(), reason="no PostgreSQL with TLS is installed; the packaged has none")
def test_a_database_with_tls():
    pytest.importorskip("psycopg")
    found = database_handshakes()
    assert {name for name, said in found.items() if said.startswith("TLSv1")} == {
        "encrypted, unchecked (sslmode=require)",
        "checked (verify-full)",
    }
    assert "no encryption" in found["without TLS"]
    assert "certificate verify failed" in found["checked, another authority"]
