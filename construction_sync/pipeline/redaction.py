"""What a person may see of a body: formatted, with secrets and bank details masked.

Masking goes by the name of the field, at any depth, as Odoo's payment logger does.
Bodies that are not JSON are shown as text, cut, without control characters.
"""

import json
import re

SECRET = re.compile(
    r"(authorization|password|passwd|secret|token|api_?key|private_?key|signature)",
    re.IGNORECASE,
)
BANK = re.compile(
    r"^(iban|bic|swift|number|account(_?number)?|routing(_?number)?|"
    r"sort_?code|acc_number|bank_?account)$",
    re.IGNORECASE,
)
TAX = re.compile(r"^(tax_?id|vat|ein|ssn|utr)$", re.IGNORECASE)
BANK_PARENT = re.compile(r"bank", re.IGNORECASE)
CUT = 200_000


def mask(value):
    """All but the last four characters of ``value`` as dots."""
    text = str(value)
    return "••••" + text[-4:] if len(text) > 4 else "••••"


def redact(value, parent=""):
    """``value`` with secrets, bank details and tax ids masked."""
    if isinstance(value, dict):
        return {key: _field(key, child, parent) for key, child in value.items()}
    if isinstance(value, list):
        return [redact(child, parent) for child in value]
    return value


def _field(key, child, parent):
    if child in (None, "", [], {}):
        return child
    if SECRET.search(key):
        return "••••"
    if isinstance(child, (dict, list)):
        return redact(child, key)
    in_bank = bool(BANK_PARENT.search(parent)) and BANK.match(key)
    if in_bank or TAX.match(key) or (BANK.match(key) and key.lower() != "number"):
        return mask(child)
    return child


def pretty(raw):
    """Readable, masked text of a body's bytes; empty text for a purged one."""
    if not raw:
        return ""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        text = raw.decode("utf-8", "replace")[:CUT]
        text = "".join(c if c.isprintable() or c in "\n\t" else "·" for c in text)
        return re.sub(
            r'("(?:iban|bic|number|token|secret|password|tax_id)"\s*:\s*")[^"]*',
            r"\1••••",
            text,
            flags=re.IGNORECASE,
        )
    return json.dumps(redact(value), indent=2, ensure_ascii=False)[:CUT]


def headers(mapping):
    """Headers with secrets masked."""
    return {k: "••••" if SECRET.search(k) else v for k, v in mapping.items()}


def body(raw, limit=4096):
    """The first ``limit`` characters of a body, masked."""
    return pretty(raw[: limit * 4])[:limit]
