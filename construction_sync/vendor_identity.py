"""By what two vendors are recognised as one: plain rules, no likeness.

The same tax id is the same vendor. The same name with the same bank account is a
question for a person, the same name alone only a suggestion.
"""

import re
import unicodedata

#: legal forms that two spellings of one name may differ in (compared without dots)
LEGAL_FORMS = frozenset(
    [
        "ab",
        "ag",
        "aps",
        "as",
        "bv",
        "bvba",
        "co",
        "company",
        "corp",
        "corporation",
        "cv",
        "eirl",
        "eurl",
        "gmbh",
        "gmbhcokg",
        "inc",
        "incorporated",
        "kft",
        "kg",
        "kgaa",
        "lda",
        "limited",
        "llc",
        "llp",
        "lp",
        "ltd",
        "ltda",
        "mbh",
        "nv",
        "ohg",
        "oy",
        "oyj",
        "plc",
        "pllc",
        "pty",
        "ptyltd",
        "pvt",
        "sa",
        "sarl",
        "sas",
        "sasu",
        "sca",
        "scs",
        "se",
        "sl",
        "slu",
        "snc",
        "sp",
        "spa",
        "spj",
        "spk",
        "spzoo",
        "srl",
        "sro",
        "ug",
    ]
)


def tax_key(text):
    """Tax id as it is compared: upper case letters and digits, or None.

    >>> tax_key(" us-12 3456.789 ")
    'US123456789'
    """
    if not text:
        return None
    text = unicodedata.normalize("NFKC", text).upper()
    return "".join(char for char in text if char.isalnum()) or None


def name_key(text):
    """Company name as it is compared: case folded, without punctuation and legal
    forms at its end; None when nothing is left.

    >>> name_key("Ace Concrete, Inc.") == name_key("ACE CONCRETE INCORPORATED")
    True
    >>> name_key("Müller Bau GmbH & Co. KG") == name_key("müller  bau")
    True
    """
    if not text:
        return None
    text = unicodedata.normalize("NFC", text).casefold().replace("&", " and ")
    text = re.sub(r"(?<=\w)[.'’](?=\w|$|\W)", "", text)
    words = re.sub(r"[\W_]+", " ", text).split()
    kept = list(words)
    while len(kept) > 1 and (kept[-1] in LEGAL_FORMS or kept[-1] == "and"):
        kept.pop()
    return " ".join(kept) or None


def account_key(account):
    """Bank account number as Odoo compares it: upper case, word characters only.

    :param account: dict with ``iban`` or ``number``
    """
    number = account.get("iban") or account.get("number") or ""
    return re.sub(r"\W+", "", number).upper() or None


def masked(number):
    """Account number of which only the last four characters can be read.

    >>> masked("DE89370400440532013000")
    '•••• 3000'
    """
    compact = re.sub(r"\W+", "", number or "")
    if not compact:
        return ""
    return "•••• " + (compact[-4:] if len(compact) > 4 else "")


def is_iban(number):
    """Whether ``number`` is an IBAN with valid check digits (ISO 13616, mod 97)."""
    compact = re.sub(r"\W+", "", number or "").upper()
    if not re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}", compact):
        return False
    turned = compact[4:] + compact[:4]
    return int("".join(str(int(char, 36)) for char in turned)) % 97 == 1
