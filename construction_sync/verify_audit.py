#!/usr/bin/env python3
"""Check an exported audit log without Odoo and without trusting its database.

::

    python3 verify_audit.py EXPORT --key FILE [--anchor CHECKPOINT ...]

Needs Python 3.10 and the package ``cryptography``; imports nothing else. ``EXPORT`` is
the JSON lines file of *Audit > Export*, ``--key`` a file with the public keys (one
``name+id+key`` a line) that was got when they were made, ``--anchor`` a file with
checkpoints that were kept outside of the database: the ``Sync-Audit-Checkpoint`` of an
acknowledgement, or the server's file of anchors. Without an anchor a log whose end was
cut off together with its checkpoints cannot be told from a younger one.

Ends with 0 when everything is right, 1 when something is wrong (each finding in a
line), 2 when the files cannot be read.

What is checked: every entry against its hash, the hash against the entry of the same
object before it, the values before and after against their salted hash (they may have
been erased), what the screens show against what was hashed, the numbers for gaps, the
Merkle tree (RFC 6962) against every checkpoint in the file and every anchor, the
signatures of the checkpoints (C2SP tlog-checkpoint and signed-note, Ed25519), and the
totals.
"""

import argparse
import base64
import binascii
import hashlib
import json
import sys
from collections import Counter

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT = "construction-sync-audit/1"
EMPTY = hashlib.sha256(b"").digest()
ED25519 = b"\x01"


class Unreadable(Exception):
    """A file is not what it should be; its text says where."""


# ---- the tree (RFC 6962, section 2.1) ------------------------------------------------


class Tree:
    """The right edge of a Merkle tree: enough to add leaves and to know the root."""

    def __init__(self, size=0, edge=()):
        self.size = size
        self.edge = [bytes.fromhex(part) for part in edge]
        if len(self.edge) != bin(size).count("1"):
            raise Unreadable(f"the tree of {size} entries has a wrong edge")

    def add(self, entry_hash):
        """Append the leaf of an entry; returns the leaf's hash in hexadecimal."""
        leaf = node = hashlib.sha256(b"\0" + bytes.fromhex(entry_hash)).digest()
        level = self.size
        while level & 1:
            node = hashlib.sha256(b"\1" + self.edge.pop() + node).digest()
            level >>= 1
        self.edge.append(node)
        self.size += 1
        return leaf.hex()

    def root(self):
        """The root of what was added so far."""
        if not self.edge:
            return EMPTY
        node = self.edge[-1]
        for left in reversed(self.edge[:-1]):
            node = hashlib.sha256(b"\1" + left + node).digest()
        return node

    def kept(self):
        """The edge as texts, to go on from."""
        return [part.hex() for part in self.edge]


def chain(prev_hash, content):
    """Hash of an entry: over the hash of the object's entry before, and the content."""
    text = (prev_hash or "").encode() + b"\n" + content.encode()
    return hashlib.sha256(text).hexdigest()


def salted(changes, salt):
    """Hash of the values before and after."""
    text = json.dumps(changes, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256((salt + text).encode()).hexdigest()


# ---- checkpoints (C2SP tlog-checkpoint, signed-note) ---------------------------------


def key_id(name, public):
    """The four bytes that name a key in a signature line."""
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + public).digest()[:4]


def key_line(name, public):
    """A public key as it is handed out: ``name+id+key``."""
    packed = base64.b64encode(ED25519 + public).decode()
    return f"{name}+{key_id(name, public).hex()}+{packed}"


def read_keys(text):
    """``{(name, id): Ed25519PublicKey}`` of lines ``name+id+key``."""
    found = {}
    for line in text.split():
        name, _, rest = line.partition("+")
        number, _, packed = rest.partition("+")
        try:
            raw = base64.b64decode(packed, validate=True)
            wrong = raw[:1] != ED25519 or len(raw) != 33
            if wrong or key_id(name, raw[1:]).hex() != number:
                raise ValueError
            found[name, number] = Ed25519PublicKey.from_public_bytes(raw[1:])
        except (ValueError, binascii.Error) as error:
            raise Unreadable(f"'{line[:60]}' is no public key") from error
    if not found:
        raise Unreadable("there is no public key in the file of keys")
    return found


def checkpoint_body(origin, size, root):
    """The text that is signed."""
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"


class Checkpoint:
    """A signed note: origin, size, root, and who signed."""

    def __init__(self, note):
        self.note = note
        body, gap, signatures = note.partition("\n\n")
        lines = body.split("\n")
        if not gap or len(lines) < 3:
            raise Unreadable("a checkpoint is cut off")
        self.body = body + "\n"
        self.origin = lines[0]
        try:
            self.size = int(lines[1])
            self.root = base64.b64decode(lines[2], validate=True)
        except (ValueError, binascii.Error) as error:
            raise Unreadable("a checkpoint has no size or root") from error
        self.signatures = [
            line[2:].rpartition(" ")
            for line in signatures.split("\n")
            if line.startswith("\u2014 ")
        ]

    def signed_by(self, keys):
        """Whether one of ``keys`` has signed it; a wrong signature of a known key
        counts against it."""
        good = False
        for name, _space, packed in self.signatures:
            try:
                raw = base64.b64decode(packed, validate=True)
            except binascii.Error:
                return False
            key = keys.get((name, raw[:4].hex()))
            if key is None:
                continue
            try:
                key.verify(raw[4:], self.body.encode())
            except InvalidSignature:
                return False
            good = True
        return good


def read_anchors(text):
    """Checkpoints of a file: notes one after the other, or one a line in base64 as
    acknowledgements carry them."""
    found = []
    if "\u2014 " not in text:
        for line in text.split():
            try:
                note = base64.b64decode(line, validate=True).decode()
            except (ValueError, binascii.Error) as error:
                raise Unreadable(f"'{line[:40]}' is no checkpoint") from error
            found.append(Checkpoint(note))
        return found
    lines = text.split("\n")
    note = []
    for line in lines:
        if note and not line.startswith("\u2014 ") and note[-1].startswith("\u2014 "):
            found.append(Checkpoint("\n".join(note) + "\n"))
            note = []
        if note or line:
            note.append(line)
    if note:
        found.append(Checkpoint("\n".join(note) + "\n"))
    return found


# ---- the whole -----------------------------------------------------------------------


class Verification:
    """Reads an export line by line; ``findings`` are sentences, none means right."""

    #: findings of one kind after which the rest is only counted
    MANY = 20

    def __init__(self, keys, anchors=()):
        self.keys = keys
        self.anchors = sorted(anchors, key=lambda a: a.size)
        self.findings = []
        self.checkpoints = self.erased = self.older_chains = 0
        self.tree = None
        self.origin = None
        self._left_out = 0
        self._heads = {}
        self._totals = Counter()
        self._end = None
        self._signed = 0
        self._first = 1

    def wrong(self, sentence):
        """Note a finding."""
        if len(self.findings) < self.MANY:
            self.findings.append(sentence)
        else:
            self._left_out += 1

    def follow(self, lines):
        """Check every line, then the whole; returns whether everything is right."""
        for number, line in enumerate(lines, 1):
            try:
                found = json.loads(line)
                self._line(found)
            except (ValueError, KeyError, TypeError) as error:
                raise Unreadable(f"line {number} cannot be read: {error}") from error
        if self.tree is None:
            raise Unreadable("the file is empty")
        self._finish()
        if self._left_out:
            self.findings.append(f"{self._left_out} more findings were left out")
        return not self.findings

    def _line(self, found):
        if self.tree is None:
            if found.get("format") != FORMAT:
                raise Unreadable(f"this is no export of the format {FORMAT}")
            self._first = found["from"]
            self.origin = found["origin"]
            self.tree = Tree(found["from"] - 1, found["edge"])
            self._anchored()
        elif "checkpoint" in found:
            self._checkpoint(Checkpoint(found["checkpoint"]))
        elif "seq" in found:
            self._entry(found)
        else:
            self._end = found

    def _entry(self, entry):
        seq, content = entry["seq"], entry["content"]
        name = f"entry {seq}"
        if self._end is not None:
            self.wrong(f"{name} stands after the end")
        if seq != self.tree.size + 1:
            self.wrong(
                f"{name} follows entry {self.tree.size}: one is missing or moved"
            )
        inside = json.loads(content)
        if chain(entry["prev"], content) != entry["hash"]:
            self.wrong(f"{name} ({inside.get('object')}) is not what its hash says")
        key = inside.get("object")
        if key in self._heads:
            if self._heads[key] != entry["prev"]:
                self.wrong(
                    f"{name} does not follow the entry of {key} that stands before it"
                )
        elif entry["prev"]:
            if self._first == 1:
                self.wrong(f"the entry of {key} before {name} is missing")
            self.older_chains += 1
        self._heads[key] = entry["hash"]
        for field, shown in entry.get("shown", {}).items():
            if inside.get(field) != shown:
                self.wrong(
                    f"{name} ({key}) shows {field} '{shown}' and says "
                    f"'{inside.get(field)}'"
                )
        if "changes" in inside:
            if entry.get("changes") is None:
                self.erased += 1
            elif salted(entry["changes"], inside["salt"]) != inside["changes"]:
                self.wrong(f"{name} ({key}) shows other values than were written")
        elif entry.get("changes"):
            self.wrong(f"{name} ({key}) shows values and wrote none")
        self._totals[f"{inside['at'][:7]} {inside['action']}"] += 1
        self.tree.add(entry["hash"])
        self._anchored()

    def _checkpoint(self, checkpoint):
        self.checkpoints += 1
        name = f"the checkpoint of {checkpoint.size} entries"
        if checkpoint.origin != self.origin:
            self.wrong(f"{name} is of another log, {checkpoint.origin}")
        if not checkpoint.signed_by(self.keys):
            self.wrong(f"{name} is not signed by a key that was given")
            return
        if checkpoint.size != self.tree.size:
            self.wrong(f"{name} stands after entry {self.tree.size}")
        elif checkpoint.root != self.tree.root():
            self.wrong(f"{name} was signed over other entries than stand here")
        else:
            self._signed = checkpoint.size

    def _anchored(self):
        """Compare what was kept outside as soon as the tree is as large."""
        for anchor in self.anchors:
            if anchor.size != self.tree.size:
                continue
            name = f"the checkpoint of {anchor.size} entries that was kept outside"
            if anchor.origin != self.origin:
                self.wrong(f"{name} is of another log, {anchor.origin}")
            elif not anchor.signed_by(self.keys):
                self.wrong(f"{name} is not signed by a key that was given")
            elif anchor.root != self.tree.root():
                self.wrong(
                    f"{name} was signed over other entries than stand here: the log "
                    "was written anew"
                )

    def _finish(self):
        size = self.tree.size
        for anchor in self.anchors:
            if anchor.size > size:
                self.wrong(
                    f"a checkpoint that was kept outside tells of {anchor.size} "
                    f"entries, the file ends with {size}: the end was cut off"
                )
            elif anchor.size < self._first - 1:
                self.wrong(
                    f"a checkpoint that was kept outside tells of {anchor.size} "
                    f"entries, the file begins with {self._first}: export from there"
                )
        if self._end is None:
            self.wrong(f"the file has no end: it was cut off after entry {size}")
        elif self._end.get("end") != size:
            self.wrong(f"the file says that it ends with {self._end.get('end')}")
        elif self._end.get("totals") != dict(self._totals):
            self.wrong("the totals are not those of the entries")
        if self._signed < size:
            self.wrong(
                f"no checkpoint signed by a key that was given covers the entries "
                f"after {self._signed}"
            )

    def summary(self):
        """What was looked at, in a sentence."""
        first = self._first
        return (
            f"Entries {first} to {self.tree.size} of {self.origin}, "
            f"{self.checkpoints} checkpoints, {len(self.anchors)} kept outside, "
            f"{len(self._heads)} objects"
            + (f", {self.older_chains} began before" if self.older_chains else "")
            + (f", the values of {self.erased} were erased" if self.erased else "")
            + "."
        )


def main(arguments=None):
    """Check a file; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("export", help="the JSON lines file of Audit > Export")
    parser.add_argument(
        "--key", action="append", required=True, help="file of public keys"
    )
    parser.add_argument(
        "--anchor", action="append", default=[], help="file of kept checkpoints"
    )
    options = parser.parse_args(arguments)
    try:
        keys, anchors = {}, []
        for path in options.key:
            with open(path, encoding="utf-8") as file:
                keys |= read_keys(file.read())
        for path in options.anchor:
            with open(path, encoding="utf-8") as file:
                anchors += read_anchors(file.read())
        verification = Verification(keys, anchors)
        with open(options.export, encoding="utf-8") as file:
            right = verification.follow(file)
    except (Unreadable, OSError, UnicodeDecodeError) as error:
        _say(f"Cannot be checked: {error}.")
        return 2
    for finding in verification.findings:
        _say(f"WRONG: {finding}.")
    _say(verification.summary())
    if not anchors:
        _say(
            "No checkpoint that was kept outside was given: whether the end was cut "
            "off cannot be told."
        )
    _say("Everything is right." if right else "This log was tampered with or broken.")
    return 0 if right else 1


def _say(line):
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
