"""Kinds of text: codes, names, external ids, and the few with a fixed form.

Codes are plain ASCII, because two codes that look alike must be alike; names are
normalised to NFC and may hold whatever a real name holds (FAULTS.md, C10 and C11).
"""

import re
import unicodedata
from functools import lru_cache, partial
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

EXTERNAL_ID_LENGTH = 255


def refuse(sentence, **context):
    """A refusal that a validator raises: the sentence is what the caller reads.

    ``pointer`` in the context is added to where the validator stands, ``kind`` is a
    slug of the problem catalogue.
    """
    # Braces in the sentence are outside text, not a template.
    template = sentence.replace("{", "(").replace("}", ")")
    return PydanticCustomError("refused", template, context or None)


def _code(value, limit):
    if type(value) is not str:
        raise refuse("Text is expected here.")
    if len(value) > limit:
        raise refuse(f"The code has more than {limit} characters.")
    if not (value.isascii() and value.isprintable()):
        raise refuse(
            "A code may only hold plain letters, digits and signs (ASCII), no invisible"
            " or foreign characters."
        )
    value = value.strip(" ")
    if not value:
        raise refuse("The code is empty. Write null to clear it.")
    return value


def _external_id(value):
    if type(value) is not str:
        raise refuse("An external id is text.")
    if not value or len(value) > EXTERNAL_ID_LENGTH:
        raise refuse(f"An external id has 1 to {EXTERNAL_ID_LENGTH} characters.")
    if not (value.isascii() and value.isprintable()):
        raise refuse("An external id may only hold printable ASCII characters.")
    if value[0] == " " or value[-1] == " ":
        raise refuse("An external id may not start or end with a space.")
    return value


_REFUSED_IN_NAMES = ("Cc", "Cs", "Zl", "Zp")


def name_of(value, limit):
    """``value`` as the text of a name: NFC, one line, trimmed."""
    if type(value) is not str:
        raise refuse("Text is expected here.")
    if len(value) > limit:
        raise refuse(f"The text has more than {limit} characters.")
    if not (value.isascii() and value.isprintable()):
        value = unicodedata.normalize("NFC", value)
        if len(value) > limit:
            raise refuse(f"The text has more than {limit} characters.")
        for char in value:
            if unicodedata.category(char) in _REFUSED_IN_NAMES:
                raise refuse(
                    "The text may not hold line breaks or control characters"
                    f" (U+{ord(char):04X})."
                )
    value = value.strip()
    if not value:
        raise refuse("The text is empty. Write null to clear it.")
    return value


def code_text(limit):
    """A code of at most ``limit`` characters: printable ASCII, trimmed."""
    return Annotated[
        str,
        BeforeValidator(partial(_code, limit=limit)),
        WithJsonSchema(
            {
                "type": "string",
                "minLength": 1,
                "maxLength": limit,
                "pattern": "^[ -~]*[!-~][ -~]*$",
            }
        ),
    ]


# No control characters, and not only blanks.
_CONTROL = r"\u0000-\u001f\u007f-\u009f\u2028\u2029"
_NAME_PATTERN = f"^[^{_CONTROL}]*[^\\s{_CONTROL}][^{_CONTROL}]*$"


def name_schema(limit):
    """JSON schema of a name."""
    return {
        "type": "string",
        "minLength": 1,
        "maxLength": limit,
        "pattern": _NAME_PATTERN,
    }


def name_text(limit):
    """Text for people, at most ``limit`` characters: NFC, one line, trimmed."""
    return Annotated[
        str,
        BeforeValidator(partial(name_of, limit=limit)),
        WithJsonSchema(name_schema(limit)),
    ]


Code = code_text(64)
ShortCode = code_text(32)
Name = name_text(255)
ExternalId = Annotated[
    str,
    BeforeValidator(_external_id),
    WithJsonSchema(
        {
            "type": "string",
            "minLength": 1,
            "maxLength": EXTERNAL_ID_LENGTH,
            "pattern": "^[!-~]([ -~]*[!-~])?$",
        }
    ),
]


def _matching(pattern, sentence, change=None):
    compiled = re.compile(pattern)

    def check(value):
        if type(value) is not str:
            raise refuse("Text is expected here.")
        if change:
            value = change(value)
        if not compiled.fullmatch(value):
            raise refuse(sentence)
        return value

    return check


Currency = Annotated[
    str,
    BeforeValidator(
        _matching("[A-Z]{3}", "A currency is its three-letter code, as EUR.")
    ),
    WithJsonSchema({"type": "string", "pattern": "^[A-Z]{3}$", "examples": ["EUR"]}),
]
Country = Annotated[
    str,
    BeforeValidator(
        _matching("[A-Z]{2}", "A country is its two-letter code (ISO 3166-1), as BE.")
    ),
    WithJsonSchema({"type": "string", "pattern": "^[A-Z]{2}$", "examples": ["BE"]}),
]
_EMAIL = r"[!-?A-~]{1,64}@[A-Za-z0-9.-]{1,189}"
Email = Annotated[
    str,
    BeforeValidator(_matching(_EMAIL, "This is not an e-mail address.", str.strip)),
    WithJsonSchema({"type": "string", "pattern": f"^{_EMAIL}$", "maxLength": 254}),
]
SegmentKey = Annotated[
    str,
    BeforeValidator(
        _matching(
            "[a-z][a-z0-9_]{0,31}",
            "A segment is named in lower-case letters, digits and _, as area.",
        )
    ),
    WithJsonSchema({"type": "string", "pattern": "^[a-z][a-z0-9_]{0,31}$"}),
]


def deceives(text):
    """Whether a reader may take ``text`` for another: invisible or direction-changing
    characters, or one word in two scripts (a Cyrillic а in a Latin name)."""
    if any(unicodedata.category(char) == "Cf" for char in text):
        return True
    return any(len(_scripts(word)) > 1 for word in re.findall(r"\w+", text))


@lru_cache(4096)
def _script(char):
    name = unicodedata.name(char, "")
    for script in ("LATIN", "CYRILLIC", "GREEK"):
        if name.startswith((script, f"FULLWIDTH {script}")):
            return script if not name.startswith("FULLWIDTH") else "FULLWIDTH"
    return None


def _scripts(word):
    return {script for char in word if (script := _script(char))}
