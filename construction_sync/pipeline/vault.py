"""Secrets at rest: AES-GCM under the server's master key, bound to their row.

The master key never lies in the database: it comes from the environment variable
``CONSTRUCTION_SYNC_KEY`` or from ``key`` in the section ``[construction_sync]`` of
the server's configuration file (base64 of 32 bytes). The row a secret belongs to is
authenticated with it, so a ciphertext that is copied to another row is refused.

Keys change: what was sealed names its key by a fingerprint, and keys that went before
stay readable while ``CONSTRUCTION_SYNC_KEY_OLD`` or ``old_keys`` (several, with commas)
names them. ``rotate`` seals everything anew, a batch a transaction; killed half way it
goes on where it stopped (crash point C15).
"""

import base64
import binascii
import configparser
import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from odoo.exceptions import UserError
from odoo.tools import config

NONCE = 12


class MasterKeyError(UserError):
    """This server has no master key, or one that cannot be used."""


class SecretUnreadable(UserError):
    """A secret cannot be decrypted here: other master key, or not its row."""


def master_key():
    """The 32 bytes of the master key.

    :raises MasterKeyError: when none is configured or it is not 32 bytes
    """
    text = os.environ.get("CONSTRUCTION_SYNC_KEY") or configured("key")
    if not text.strip():
        raise MasterKeyError(
            "This server has no master key, so it cannot keep secrets. Put 32 "
            "random bytes in base64 into the environment variable "
            "CONSTRUCTION_SYNC_KEY, or as key into the section "
            "[construction_sync] of the configuration file, and start it again."
        )
    return _key_of(text)


def _key_of(text):
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise MasterKeyError("The master key of this server is not base64.") from error
    if len(key) != 32:
        raise MasterKeyError("The master key of this server is not 32 bytes long.")
    return key


def old_keys():
    """Master keys that went before and may still be read with."""
    text = os.environ.get("CONSTRUCTION_SYNC_KEY_OLD") or configured("old_keys")
    return [_key_of(part) for part in text.split(",") if part.strip()]


def fingerprint(key):
    """Eight hexadecimal digits that name a master key and tell nothing of it."""
    return hashlib.sha256(b"construction-sync:" + key).hexdigest()[:8]


def configured(name):
    """Value of ``name`` in our section of the server's configuration file."""
    parser = configparser.RawConfigParser()
    if config["config"]:
        parser.read([config["config"]])
    return parser.get("construction_sync", name, fallback="")


def seal(value, binding):
    """``<fingerprint of the key>:<base64>`` of ``value`` as bytes, readable only with
    ``binding``."""
    nonce, key = os.urandom(NONCE), master_key()
    sealed = AESGCM(key).encrypt(nonce, value.encode(), binding.encode())
    return f"{fingerprint(key)}:".encode() + base64.b64encode(nonce + sealed)


def version_of(sealed):
    """Fingerprint of the key that sealed this; empty text for what is older than
    fingerprints."""
    head, colon, _rest = bytes(sealed).partition(b":")
    return head.decode() if colon else ""


def outdated(sealed):
    """Whether this is sealed with a key that went before."""
    return version_of(sealed) != fingerprint(master_key())


def unseal(sealed, binding):
    """The value that ``seal`` was given.

    :raises SecretUnreadable: wrong key, wrong row or changed bytes
    """
    version = version_of(sealed)
    blob = base64.b64decode(bytes(sealed).rpartition(b":")[2])
    for key in (master_key(), *old_keys()):
        if version and fingerprint(key) != version:
            continue
        try:
            found = AESGCM(key).decrypt(blob[:NONCE], blob[NONCE:], binding.encode())
        except InvalidTag:
            continue
        return found.decode()
    raise SecretUnreadable(
        "A key cannot be read with this server's master key. Set it again in the "
        "system's form, or give the server the master key that sealed it."
    )


def key_bytes(kind, value):
    """The bytes of a verification key as its kind writes it."""
    if kind == "hmac":
        return base64.b64decode(value.removeprefix("whsec_"))
    if kind == "ed25519":
        return base64.b64decode(value.removeprefix("whpk_"))
    return value.encode()


def weakness(kind, value):
    """Why a key must not be accepted, in words; None when it is fine."""
    try:
        size = len(key_bytes(kind, value.strip()))
    except (binascii.Error, ValueError):
        return "it is not base64"
    if kind == "hmac" and not 24 <= size <= 64:
        return f"it has {size} bytes, a secret has 24 to 64"
    if kind == "ed25519" and size != 32:
        return f"it has {size} bytes, an ed25519 public key has 32"
    if kind == "token" and size < 24:
        return f"it has {size} characters, an authorization has at least 24"
    return None
