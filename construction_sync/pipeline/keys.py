"""API keys: 256 random bits, stored as a hash.

A slow password hash per call would cost more than the call; a key of 256 random
bits cannot be guessed, so one SHA-256 is enough (DESIGN section 6).
"""

import hashlib
import secrets

PREFIX = "csk_"
SHOWN = 12


def new_key():
    """A new key in clear; show it once, keep ``digest`` and ``prefix``."""
    return PREFIX + secrets.token_urlsafe(32)


def digest(key):
    """SHA-256 of the key as hex: what is stored and looked up."""
    return hashlib.sha256(key.encode()).hexdigest()


def prefix(key):
    """The part of a key that may be shown, to tell keys apart."""
    return key[:SHOWN]
