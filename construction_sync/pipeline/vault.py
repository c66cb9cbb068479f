"""Secrets at rest: AES-GCM under the server's master key, bound to their row.

The master key never lies in the database: it comes from the environment variable
``CONSTRUCTION_SYNC_KEY`` or from ``key`` in the section ``[construction_sync]`` of
the server's configuration file (base64 of 32 bytes). The row a secret belongs to is
authenticated with it, so a ciphertext that is copied to another row is refused.
"""

import base64
import binascii
import configparser
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
    if not text:
        raise MasterKeyError(
            "This server has no master key, so it cannot keep secrets. Put 32 "
            "random bytes in base64 into the environment variable "
            "CONSTRUCTION_SYNC_KEY, or as key into the section "
            "[construction_sync] of the configuration file, and start it again."
        )
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MasterKeyError("The master key of this server is not base64.") from error
    if len(key) != 32:
        raise MasterKeyError("The master key of this server is not 32 bytes long.")
    return key


def configured(name):
    """Value of ``name`` in our section of the server's configuration file."""
    parser = configparser.RawConfigParser()
    if config["config"]:
        parser.read([config["config"]])
    return parser.get("construction_sync", name, fallback="")


def seal(value, binding):
    """Ciphertext (bytes, base64) of ``value``, readable only with ``binding``."""
    nonce = os.urandom(NONCE)
    sealed = AESGCM(master_key()).encrypt(nonce, value.encode(), binding.encode())
    return base64.b64encode(nonce + sealed)


def unseal(sealed, binding):
    """The value that ``seal`` was given.

    :raises SecretUnreadable: wrong key, wrong row or changed bytes
    """
    blob = base64.b64decode(sealed)
    try:
        return (
            AESGCM(master_key())
            .decrypt(blob[:NONCE], blob[NONCE:], binding.encode())
            .decode()
        )
    except InvalidTag as error:
        raise SecretUnreadable(
            "A webhook key cannot be read with this server's master key. Set the key "
            "again in the system's form."
        ) from error


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
