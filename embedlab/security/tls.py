"""TLS at the edge: a certificate authority made for the test, a server, and clients that check or do not."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedlab.machine import needs
from embedlab.serving import listening


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key, as files in PEM."""

    certificate: Path
    key: Path


class Authority:
    """A certificate authority of our own: clients that know its certificate trust whom it names.

    Parameters
    ----------
    folder : Path
        Where its files go; keys are readable for their owner only.
    name : str

    Attributes
    ----------
    pair : Pair
        Its own. Clients get the certificate, and nobody the key.
    """

    def __init__(self, folder: Path, name: str = "embedlab test CA"):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._name, self._key = name, _new_key()
        certificate = _certificate(name, self._key, name, self._key, authority=True)
        self.pair = _written(self.folder / "ca", certificate, self._key)

    def issue(self, name: str, *, hosts: tuple[str, ...] = (), days: float = 1.0) -> Pair:
        """Issue a certificate for a server (by its host names) or a client (by its name).

        Parameters
        ----------
        hosts : tuple of str
            Names or IP addresses, as the subject's alternative names: clients look at these only (RFC 9525).
        days : float
            How long it is good. Negative: it has expired already.
        """
        key = _new_key()
        certificate = _certificate(name, key, self._name, self._key, hosts=hosts, days=days)
        return _written(self.folder / f"{name}-{days:g}", certificate, key)


def _new_key() -> Any:
    ec = needs("cryptography.hazmat.primitives.asymmetric.ec")
    return ec.generate_private_key(ec.SECP256R1())


def _certificate(name, key, issuer, signer, *, hosts=(), days=1.0, authority=False):
    """Build and sign an X.509 certificate."""
    x509 = needs("cryptography.x509")
    oids, hashes = needs("cryptography.x509.oid"), needs("cryptography.hazmat.primitives.hashes")
    now = datetime.datetime.now(datetime.UTC)
    span = datetime.timedelta(days=abs(days))
    end = now + span if days > 0 else now - datetime.timedelta(hours=1)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(oids.NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(oids.NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - span - datetime.timedelta(hours=1))
        .not_valid_after(end)
        .add_extension(
            x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if authority:
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        builder = builder.add_extension(usage, critical=True)
    if hosts:
        names = [_host(x509, host) for host in hosts]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(signer, hashes.SHA256())


def _host(x509: Any, host: str) -> Any:
    import ipaddress

    with contextlib.suppress(ValueError):
        return x509.IPAddress(ipaddress.ip_address(host))
    return x509.DNSName(host)


def _written(stem: Path, certificate: Any, key: Any) -> Pair:
    serial = needs("cryptography.hazmat.primitives.serialization")
    pair = Pair(stem.with_suffix(".pem"), stem.with_suffix(".key"))
    pair.certificate.write_bytes(certificate.public_bytes(serial.Encoding.PEM))
    private = key.private_bytes(serial.Encoding.PEM, serial.PrivateFormat.PKCS8, serial.NoEncryption())
    pair.key.touch(0o600)
    pair.key.write_bytes(private)
    return pair


def client_context(authority: Path | None, pair: Pair | None = None) -> ssl.SSLContext:
    """Return how a client connects: trusting one authority; None trusts those of the system.

    Parameters
    ----------
    pair : Pair, optional
        What the client shows of itself, where the server asks (mutual TLS).
    """
    context = ssl.create_default_context(cafile=authority)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if pair:
        context.load_cert_chain(pair.certificate, pair.key)
    return context


@contextlib.contextmanager
def serving_tls(app: Any, pair: Pair, *, clients_of: Path | None = None) -> Iterator[int]:
    """Serve an app over TLS on a port of 127.0.0.1, in a thread, while a block lasts.

    Parameters
    ----------
    pair : Pair
        The server's.
    clients_of : Path, optional
        An authority's certificate: only clients that show one issued by it get in.
    """
    uvicorn = needs("uvicorn")
    config = uvicorn.Config(
        app,
        log_level="critical",
        lifespan="off",
        ssl_certfile=str(pair.certificate),
        ssl_keyfile=str(pair.key),
        ssl_ca_certs=str(clients_of) if clients_of else None,
        ssl_cert_reqs=ssl.CERT_REQUIRED if clients_of else ssl.CERT_NONE,
    )
    server, taken = uvicorn.Server(config), listening()
    taken.listen()
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([taken])), daemon=True)
    thread.start()
    try:
        while thread.is_alive() and not server.started:
            thread.join(0.01)
        if not server.started:
            raise OSError("the TLS server did not start")
        yield taken.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)
        taken.close()


def outcome(url: str, context: ssl.SSLContext | bool) -> str:
    """Ask a URL and say what happened: the status, or why the connection was refused.

    Parameters
    ----------
    context : SSLContext or False
        False checks nothing: the mistake that makes TLS pointless.
    """
    httpx = needs("httpx")
    try:
        with httpx.Client(verify=context, timeout=5, trust_env=False) as client:
            return str(client.get(url).status_code)
    except httpx.HTTPError as error:
        text = str(error)
        return text.split("failed: ")[-1].split(" (_ssl")[0] if "failed: " in text else type(error).__name__


def handshakes(folder: Path) -> dict[str, str]:
    """Try eight connections with certificates made in a folder, and return {who connects: what happened}."""

    async def app(scope: dict, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})

    ours, theirs = Authority(folder / "ours"), Authority(folder / "theirs", "another CA")
    here = ("127.0.0.1",)
    trusting = client_context(ours.pair.certificate)
    servers = {
        "right": ours.issue("edge", hosts=here),
        "another host's certificate": ours.issue("other", hosts=("db.example.org",)),
        "an expired certificate": ours.issue("edge", hosts=here, days=-1),
        "another authority's certificate": theirs.issue("edge", hosts=here),
    }
    found = {}
    for name, pair in servers.items():
        with serving_tls(app, pair) as port:
            found[name] = outcome(f"https://127.0.0.1:{port}/", trusting)
            if name == "another authority's certificate":
                found[f"{name}, unchecked"] = outcome(f"https://127.0.0.1:{port}/", False)
    with serving_tls(app, servers["right"], clients_of=ours.pair.certificate) as port:
        url = f"https://127.0.0.1:{port}/"
        for name, authority in (("ours", ours), ("another's", theirs)):
            shown = client_context(ours.pair.certificate, authority.issue("indexer"))
            found[f"mutual: a client of {name}"] = outcome(url, shown)
        found["mutual: a client without certificate"] = outcome(url, trusting)
    return found
