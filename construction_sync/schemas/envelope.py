"""The envelope of an event: CloudEvents 1.0 in JSON, judged together with its data.

:func:`judge` is called once per event at intake. Either the event is sound in itself
(strict JSON, envelope, schema of its data) and comes back as :class:`Envelope`, or it
comes back as the list of everything that is wrong with it. Whether references exist
and who owns a field is not decided here but in the drain.
"""

import random
import re
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from . import strict_json
from .canonical import Canonical
from .json_faults import StrictJsonError, pointer_of
from .problem import Problem, one_line, problems_of, shown, strict_json_problem
from .texts import EXTERNAL_ID_LENGTH
from .times import read_time

EVENT_MEDIA_TYPE = "application/cloudevents+json"
BATCH_MEDIA_TYPE = "application/cloudevents-batch+json"
EVENT_ID_LENGTH = 128
LAST_SEQUENCE = 2**63 - 1

_PRINTABLE = re.compile("[!-~](?:[ -~]*[!-~])?")
_SEQUENCE = re.compile("[1-9][0-9]{0,18}")
_TYPE = re.compile(r"construction\.([a-z][a-z0-9_]{0,63})(\.deleted)?\.(v[0-9]{1,4})")
_JSON_MEDIA_TYPE = re.compile(
    r"application/(?:[a-z0-9.+-]+\+)?json(?:\s*;.*)?", re.IGNORECASE
)
_TRACEPARENT = re.compile(
    r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?"
)
_EXTENSION = re.compile("[a-z0-9]{1,20}")
_REQUIRED = ("specversion", "id", "source", "type", "subject", "time")
_KNOWN = frozenset(
    (*_REQUIRED, "sequence", "traceparent", "datacontenttype", "dataschema", "data")
)


@dataclass(slots=True)
class Envelope:
    """A sound event.

    ``entity`` and ``deleted`` come from the type, ``subject`` is the external id,
    ``sequence`` the object's version (1 to 2**63 - 1) or None, ``time`` aware and in
    UTC, ``data`` an instance of the entity's schema (None for a deletion without data),
    ``raw`` the bytes as they were sent.
    """

    id: str
    source: str
    entity: str
    deleted: bool
    subject: str
    sequence: int | None
    time: datetime
    traceparent: str
    data: Canonical | None
    raw: bytes

    @property
    def trace_id(self):
        """The 32 hexadecimal digits that tie all work on this event together."""
        return self.traceparent[3:35]


def traceparent(value=None):
    """``value`` if it is a valid W3C traceparent, else a new one; 55 characters.

    What is invalid, all zero, of version ff or longer than its version allows starts a
    new trace (Trace Context, section 3.2; FAULTS.md, K03); it is never an error.
    """
    if type(value) is str and len(value) <= 512:
        match = _TRACEPARENT.fullmatch(value)
        if match:
            version, trace, parent, _flags, rest = match.groups()
            if (
                version != "ff"
                and (version != "00" or not rest)
                and trace != "0" * 32
                and parent != "0" * 16
            ):
                return value[:55]
    while True:
        # only unique, not secret: asking the system each time is an eighth of a batch
        digits = f"{random.getrandbits(192):048x}"
        if digits[:32] != "0" * 32 and digits[32:] != "0" * 16:
            return f"00-{digits[:32]}-{digits[32:]}-01"


def judge(raw, *, trace=None):
    """Read one event: an :class:`Envelope`, or the list of its problems.

    ``trace`` is the call's own ``traceparent`` header, used when the event has none.
    """
    try:
        event = strict_json.parse(raw)
    except StrictJsonError as error:
        return [strict_json_problem(error)]
    return _judge_event(event, raw, trace)


def judge_batch(raw, *, trace=None):
    """Read a batch: a list with :func:`judge`'s answer per event, in order.

    :raises StrictJsonError: when the body as a whole is not a list of JSON texts, or
        over a limit of the whole; ``malformed`` and ``too_large`` tell which
    """
    answers = []
    for position, (start, end) in enumerate(strict_json.slice_array(raw)):
        piece = raw[start:end]
        try:
            event = strict_json.parse(piece)
        except StrictJsonError as error:
            if error.malformed:
                # Offsets are those of the whole body, pointers too.
                error.pointer = pointer_of(position) + error.pointer
                raise
            answers.append([strict_json_problem(error)])
        else:
            answers.append(_judge_event(event, piece, trace))
    return answers


def event_id_of(raw):
    """The ``id`` of a refused event for the answer's list, or None; never raises."""
    try:
        event = strict_json.parse(raw)
    except StrictJsonError:
        return None
    found = event.get("id") if isinstance(event, dict) else None
    return one_line(found, EVENT_ID_LENGTH) if isinstance(found, str) else None


def _judge_event(event, raw, trace):
    if type(event) is not dict:
        return [Problem("envelope-invalid", "An event is a JSON object.")]
    problems = []
    for name in _REQUIRED:
        if event.get(name) is None:
            problems.append(_wrong(name, "This attribute is required."))
    if not _KNOWN.issuperset(event):
        problems.extend(_judge_extensions(event))
    if event.get("specversion") not in (None, "1.0"):
        problems.append(_wrong("specversion", "The specversion must be “1.0”."))
    _judge_text(event, "id", EVENT_ID_LENGTH, problems)
    _judge_text(event, "source", EXTERNAL_ID_LENGTH, problems)
    _judge_text(event, "subject", EXTERNAL_ID_LENGTH, problems)
    time = _judge_time(event, problems)
    sequence = _judge_sequence(event, problems)
    _judge_content_type(event, problems)
    entity, deleted, schema = _judge_type(event, problems)
    data = event.get("data")
    if schema is not None and not (deleted and data is None):
        if data is None:
            problems.append(
                Problem("schema-invalid", "The event carries no data.", "/data")
            )
        else:
            try:
                data = schema.model_validate(data)
            except ValidationError as error:
                problems.extend(problems_of(error, "/data"))
    if problems:
        return problems
    return Envelope(
        event["id"],
        event["source"],
        entity,
        deleted,
        event["subject"],
        sequence,
        time,
        traceparent(event.get("traceparent") or trace),
        data,
        raw,
    )


def _wrong(name, detail):
    return Problem("envelope-invalid", detail, pointer_of(name))


def _judge_extensions(event):
    """CloudEvents lets a sender, or a broker on the way, add lower-case attributes
    (section 3.1). They are taken and ignored: refusing them would refuse events for
    what a relay has added. Anything else is a mistake, most often a misspelt name."""
    for name, value in event.items():
        if name in _KNOWN:
            continue
        if not _EXTENSION.fullmatch(name):
            yield Problem(
                "envelope-invalid",
                "This attribute is not known. Extension attributes have 1 to 20"
                " lower-case letters and digits.",
                pointer_of(name),
            )
        elif value is not None and not isinstance(value, (str, int, bool)):
            yield _wrong(
                name,
                "An extension attribute holds text, a whole number, true or false.",
            )


def _judge_text(event, name, limit, problems):
    value = event.get(name)
    if value is None:
        return
    if type(value) is not str:
        problems.append(_wrong(name, "Text is expected here."))
    elif len(value) > limit or not _PRINTABLE.fullmatch(value):
        problems.append(
            _wrong(
                name,
                f"1 to {limit} printable ASCII characters are expected here, without"
                " a space at either end.",
            )
        )


def _judge_time(event, problems):
    value = event.get("time")
    if value is None:
        return None
    try:
        return read_time(value)
    except PydanticCustomError as error:
        problems.append(_wrong("time", error.message()))
    return None


def _judge_sequence(event, problems):
    value = event.get("sequence")
    if value is None:
        return None
    if type(value) is str and _SEQUENCE.fullmatch(value):
        sequence = int(value)
        if sequence <= LAST_SEQUENCE:
            return sequence
    problems.append(
        _wrong(
            "sequence",
            "The sequence is a whole number from 1 to 9223372036854775807, written as"
            " text.",
        )
    )
    return None


def read_sequence(value):
    """A version as it stands in the ``Sync-Sequence`` header: int, or a Problem."""
    problems = []
    sequence = _judge_sequence({"sequence": value}, problems)
    if problems:
        return Problem("parameter-invalid", problems[0].detail, "Sync-Sequence")
    return sequence


def _judge_content_type(event, problems):
    value = event.get("datacontenttype")
    if value is not None and not (
        type(value) is str and _JSON_MEDIA_TYPE.fullmatch(value)
    ):
        problems.append(_wrong("datacontenttype", "The data must be JSON."))
    value = event.get("dataschema")
    if value is not None and type(value) is not str:
        problems.append(_wrong("dataschema", "Text is expected here."))


def _judge_type(event, problems):
    """(entity, deleted, schema); schema is None when there is a problem."""
    from . import SCHEMAS  # the registry imports this package's entities first

    value = event.get("type")
    if value is None:
        return None, False, None
    match = _TYPE.fullmatch(value) if type(value) is str else None
    if not match:
        problems.append(
            _wrong(
                "type",
                "The type is construction.<entity>.v1, or"
                " construction.<entity>.deleted.v1 for a deletion.",
            )
        )
        return None, False, None
    entity, deleted, version = match.groups()
    schema = SCHEMAS.get(entity)
    if schema is None:
        problems.append(
            Problem(
                "schema-unknown",
                f"No module here knows the entity {shown(entity)}.",
                "/type",
                extra={"entity": entity, "version": version},
            )
        )
        return entity, bool(deleted), None
    if version != schema.version:
        problems.append(
            Problem(
                "schema-unknown",
                f"{entity} is known in version {schema.version}, not {shown(version)}.",
                "/type",
                extra={"entity": entity, "version": version},
            )
        )
        return entity, bool(deleted), None
    return entity, bool(deleted), schema
