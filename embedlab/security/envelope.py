"""Envelope encryption: a key for each owner's documents, wrapped by a key that can change or be destroyed."""

from __future__ import annotations

import secrets
import struct
from dataclasses import dataclass, field

from embedlab.machine import needs

NONCE = 12  # bytes of a nonce for AES-GCM
VERSION = 1  # of the format


class SealError(ValueError):
    """A sealed text that cannot be opened; the message says why, and nothing of the text."""


@dataclass(frozen=True)
class Sealed:
    """A text as it is stored.

    Attributes
    ----------
    owner : str
        Whose key it is under.
    nonce : bytes
        12 of them, drawn anew for each text.
    body : bytes
        The encrypted text, and the 16 bytes by which a change is noticed.
    """

    owner: str
    nonce: bytes
    body: bytes


def bound_to(tenant: str, document: str, version: int) -> bytes:
    """Return what a sealed text is bound to, so that no two places have the same bytes.

    It is authenticated with the text and not stored in it ("additional authenticated data", RFC 5116): moved
    to another place, the text does not open. Each part stands behind its length; without lengths
    ("ab", "c") and ("a", "bc") would be one place.

    Parameters
    ----------
    tenant, document : str
    version : int
        From 0, below 2**64.

    Returns
    -------
    bytes
        For tenant and document: 4 bytes of length (of the UTF-8, big-endian), then the UTF-8; then the
        version in 8 bytes, big-endian.

    Raises
    ------
    ValueError
        If the version is none.

    Examples
    --------
    >>> bound_to("é", "d", 3).hex(" ")
    '00 00 00 02 c3 a9 00 00 00 01 64 00 00 00 00 00 00 00 03'
    """
    if not 0 <= version < 1 << 64:
        raise ValueError(f"a version lies between 0 and 2**64 - 1, but is {version}")
    parts = [part.encode() for part in (tenant, document)]
    return b"".join(struct.pack(">I", len(part)) + part for part in parts) + struct.pack(">Q", version)


@dataclass
class Keys:
    """Data keys, each wrapped by the newest master key: what a key service holds, here in memory.

    The data keys (DEK) encrypt texts. They are stored only wrapped, by a master key (KEK) that in a real
    system never leaves its service or its hardware module. So the master key is changed by wrapping a few
    keys anew, and the texts stay as they are.

    Examples
    --------
    >>> keys = Keys()
    >>> sealed = keys.seal(b"the contract", "ann", "shop", "doc-1", 1)
    >>> keys.open(sealed, "shop", "doc-1", 1)
    b'the contract'
    >>> keys.rotate(), keys.open(sealed, "shop", "doc-1", 1)
    (1, b'the contract')
    >>> keys.shred("ann")
    >>> keys.open(sealed, "shop", "doc-1", 1)
    Traceback (most recent call last):
    embedlab.security.envelope.SealError: there is no key of 'ann' (any more)
    """

    masters: dict[int, bytes] = field(default_factory=lambda: {1: secrets.token_bytes(32)}, repr=False)
    wrapped: dict[str, tuple[int, bytes]] = field(default_factory=dict)  # owner: (master, wrapped key)

    @property
    def newest(self) -> int:
        """The number of the master key in use."""
        return max(self.masters)

    def seal(self, text: bytes, owner: str, tenant: str, document: str, version: int) -> Sealed:
        """Encrypt a text under its owner's key, bound to its place.

        The nonce is drawn at random: for one key, NIST SP 800-38D allows 2**32 texts that way. A nonce that
        comes twice under one key gives the difference of both texts away, and the key that finds forgeries.
        """
        if owner not in self.wrapped:
            self.wrapped[owner] = self._wrap(owner, secrets.token_bytes(32))
        nonce = secrets.token_bytes(NONCE)
        body = _aes(self._unwrap(owner)).encrypt(nonce, text, bound_to(tenant, document, version))
        return Sealed(owner, nonce, body)

    def open(self, sealed: Sealed, tenant: str, document: str, version: int) -> bytes:
        """Decrypt a text, if it is what was sealed for this place.

        Raises
        ------
        SealError
            If its key was shredded, or one bit of it, its place or its version is another.
        """
        try:
            cipher = _aes(self._unwrap(sealed.owner))
            return cipher.decrypt(sealed.nonce, sealed.body, bound_to(tenant, document, version))
        except needs("cryptography.exceptions").InvalidTag:
            raise SealError("this is not what was sealed for that tenant, document and version") from None

    def rotate(self) -> int:
        """Draw a new master key, wrap all data keys anew, destroy the old one; return how many were wrapped.

        No text is touched. It ends what a stolen *master* key is good for on copies made later; whoever had
        unwrapped data keys before still has them: those are changed only by sealing the texts anew.
        """
        plain = {owner: self._unwrap(owner) for owner in self.wrapped}
        self.masters[self.newest + 1] = secrets.token_bytes(32)
        self.wrapped = {owner: self._wrap(owner, key) for owner, key in plain.items()}
        self.masters = {self.newest: self.masters[self.newest]}
        return len(plain)

    def shred(self, owner: str) -> None:
        """Destroy an owner's key: every copy of the texts under it is noise from now on, also in backups.

        As long as no copy of the *key* is left: a backup of the wrapped keys and its master bring it back.
        """
        self.wrapped.pop(owner, None)

    def _wrap(self, owner: str, key: bytes) -> tuple[int, bytes]:
        nonce = secrets.token_bytes(NONCE)
        return self.newest, nonce + _aes(self.masters[self.newest]).encrypt(nonce, key, owner.encode())

    def _unwrap(self, owner: str) -> bytes:
        if owner not in self.wrapped:
            raise SealError(f"there is no key of {owner!r} (any more)")
        number, wrapped = self.wrapped[owner]
        if number not in self.masters:
            raise SealError(f"the key of {owner!r} is wrapped by master key {number}, which was destroyed")
        return _aes(self.masters[number]).decrypt(wrapped[:NONCE], wrapped[NONCE:], owner.encode())


def _aes(key: bytes):
    return needs("cryptography.hazmat.primitives.ciphers.aead").AESGCM(key)
