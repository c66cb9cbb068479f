"""Problems: every refusal in one shape, with a stable kind and a plain sentence.

The HTTP interface answers RFC 9457 ``application/problem+json``; the exceptions queue
keeps the same kinds.
"""

import re
import unicodedata
from dataclasses import dataclass, field

from .problem_kinds import CATALOGUE

TYPE_BASE = "/construction_sync/v1/problems/"
MEDIA_TYPE = "application/problem+json"


@dataclass(slots=True)
class Problem:
    """One thing that is wrong, and where.

    ``kind`` is a slug of :data:`CATALOGUE`, ``detail`` a sentence that names what came,
    ``pointer`` a JSON pointer into the event or body, ``extra`` further members of the
    problem document. ``title`` and ``status`` come from the catalogue when not given.
    """

    kind: str
    detail: str = ""
    pointer: str = ""
    title: str = ""
    status: int = 0
    extra: dict = field(default_factory=dict)

    def __post_init__(self):
        known = CATALOGUE.get(self.kind)
        self.title = self.title or (known.title if known else self.kind)
        self.status = self.status or (known.status if known else 422)
        self.detail = one_line(self.detail, 1_000)
        self.pointer = one_line(self.pointer, 500)

    @property
    def remedy(self):
        """What to do now, from the catalogue ("" for a kind that is not in it)."""
        known = CATALOGUE.get(self.kind)
        return known.remedy if known else ""

    def as_error(self):
        """The entry of this problem in the ``errors`` list of a document."""
        return {"pointer": self.pointer, "detail": self.detail, "kind": self.kind}


def problem_type(kind):
    """The stable, relative URI that names a kind."""
    return TYPE_BASE + kind


def problem_document(problems, *, status=None, instance=None, **extra):
    """RFC 9457 document for one problem or several.

    The first problem gives type, title and status; ``errors`` lists each with pointer.
    ``instance`` is the address of the message or exception, if there is one.
    """
    if isinstance(problems, Problem):
        problems = [problems]
    first = problems[0]
    document = {
        "type": problem_type(first.kind),
        "title": first.title,
        "status": status or first.status,
        "detail": first.detail,
        "errors": [problem.as_error() for problem in problems],
    }
    if first.remedy:
        document["remedy"] = first.remedy
    if instance:
        document["instance"] = instance
    for problem in problems:
        for name, value in problem.extra.items():
            document.setdefault(name, value)
    document.update(extra)
    return document


_PLAIN = re.compile(r"[ -~]*\Z")


def one_line(text, limit=200):
    """Outside text made safe to show or log: one line, no control or format character.

    CR, LF, escape sequences and text direction marks become ``\\u001b``-like text
    (FAULTS.md, K01); what is longer than ``limit`` characters is cut with an ellipsis.
    """
    text = str(text)
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    if _PLAIN.match(text):
        return text
    return "".join(
        f"\\u{ord(char):04x}"
        if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")
        else char
        for char in text
    )


def shown(value, limit=60):
    """An outside value in quotes, as it stands in a sentence."""
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "a list"
    return f"“{one_line(value, limit)}”"


_WORDS = {
    "missing": "This field is required.",
    "extra_forbidden": "This field is not known here. Leave it out or check its name.",
    "string_type": "Text is expected here.",
    "bool_type": "true or false is expected here.",
    "int_type": "A whole number is expected here.",
    "list_type": "A list is expected here.",
    "dict_type": "An object is expected here.",
    "model_type": "An object is expected here.",
    "model_attributes_type": "An object is expected here.",
    "none_required": "null is expected here.",
}


def _words(error):
    kind = error["type"]
    context = error.get("ctx") or {}
    if kind in _WORDS:
        return _WORDS[kind]
    if kind in ("literal_error", "enum"):
        return f"The value must be {context.get('expected', 'one of the known ones')}."
    if kind in ("too_long", "too_short"):
        bound = context.get("max_length", context.get("min_length"))
        side = "at most" if kind == "too_long" else "at least"
        return f"The list must have {side} {bound} entries."
    if kind in ("greater_than_equal", "less_than_equal", "greater_than", "less_than"):
        bound = context.get("ge", context.get("le", context.get("gt", "")))
        side = "at least" if kind.startswith("greater") else "at most"
        return f"The number must be {side} {bound or context.get('lt', bound)}."
    return error["msg"]


def problems_of(error, prefix=""):
    """A pydantic ``ValidationError`` as a list of :class:`Problem`, in plain words.

    ``prefix`` is the pointer of the validated value inside the whole (``/data``).
    """
    found = []
    for item in error.errors(include_url=False, include_input=False):
        context = item.get("ctx") or {}
        pointer = prefix + "".join(
            "/" + str(step).replace("~", "~0").replace("/", "~1")
            for step in item["loc"]
            if step != "[key]"
        )
        pointer += context.get("pointer", "")
        detail = _words(item)
        entry = Problem(context.get("kind", "schema-invalid"), detail, pointer)
        if entry not in found:
            found.append(entry)
    return found


def strict_json_problem(error, prefix=""):
    """The :class:`Problem` for a :class:`~.strict_json.StrictJsonError`."""
    if error.too_large:
        kind = "body-too-large"
    elif error.malformed:
        kind = "json-malformed"
    else:
        kind = "json-not-strict"
    extra = {} if error.offset is None else {"offset": error.offset}
    return Problem(kind, error.reason, prefix + error.pointer, extra=extra)
