"""The catalogue of problem kinds: title, HTTP status and what to do.

One list for the HTTP interface, the exceptions queue and the integrator's guide, which
is generated from it. A slug is part of the interface: it is never renamed.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """What one kind of problem means to the caller.

    ``status`` is the HTTP status it has when it stands alone; ``remedy`` says what the
    sender, or the person who looks at the exception, does now.
    """

    slug: str
    title: str
    status: int
    remedy: str


CATALOGUE: dict[str, Kind] = {}


def register_kind(slug, title, status, remedy):
    """Add a kind; a module above calls this once when it is imported."""
    CATALOGUE[slug] = Kind(slug, title, status, remedy)


for _kind in (
    # Reading the body
    (
        "json-malformed",
        "The body is not JSON",
        400,
        "Correct the body and send it again.",
    ),
    (
        "json-not-strict",
        "The JSON is not strict",
        400,
        "Send each name once, no NaN, no control characters, amounts as text, at most "
        "10,000 values and 32 levels.",
    ),
    (
        "body-too-large",
        "The body is too large",
        413,
        "Send at most 1 MiB an event, 1,000 events and 16 MiB a call.",
    ),
    (
        "length-required",
        "The length of the body is not stated",
        411,
        "Send Content-Length.",
    ),
    (
        "media-type",
        "The content type is not taken",
        415,
        "Send the content type that the interface description names, uncompressed.",
    ),
    (
        "unreadable",
        "The body cannot be read",
        422,
        "Look at the raw body; ask the sending system to send it again.",
    ),
    # Envelope and schema
    (
        "envelope-invalid",
        "The event's envelope is wrong",
        400,
        "Correct the attribute that the pointer names.",
    ),
    (
        "schema-unknown",
        "The kind of event is not known",
        422,
        "Check entity and version in the type; install the module that knows it.",
    ),
    (
        "schema-invalid",
        "The data does not fit the schema",
        422,
        "Correct the fields that the pointers name and send the event again.",
    ),
    (
        "unsupported",
        "The event is not supported yet",
        422,
        "Nothing to correct: it is kept and can be replayed once it is supported.",
    ),
    ("parameter-invalid", "A parameter is wrong", 400, "Correct the parameter."),
    # Who is calling
    (
        "unauthenticated",
        "The key is not valid",
        401,
        "Send a valid key as Authorization: Bearer <key>.",
    ),
    (
        "signature-refused",
        "The signature is not valid",
        401,
        "Check the secret, the clock and that the body is signed as sent.",
    ),
    (
        "forbidden",
        "The key does not allow this",
        403,
        "Ask the administrator for the scope.",
    ),
    (
        "source-not-allowed",
        "The source is not one of this client's systems",
        403,
        "Send the code of a system that the key speaks for.",
    ),
    ("not-found", "Not found", 404, "Check the address."),
    (
        "method-not-allowed",
        "The method is not allowed here",
        405,
        "See the interface description.",
    ),
    (
        "gone",
        "This version of the interface has ended",
        410,
        "Move to the version that the interface description names.",
    ),
    ("rate-limited", "Too many calls", 429, "Wait as Retry-After says."),
    # Sent twice
    (
        "event-id-reused",
        "The event id was used with another body",
        409,
        "Give every event its own id; the first one stands.",
    ),
    (
        "idempotency-key-missing",
        "An Idempotency-Key is required",
        400,
        "Send a key of your own with every write that carries money.",
    ),
    (
        "idempotency-key-invalid",
        "The Idempotency-Key is wrong",
        400,
        "Send 1 to 255 printable ASCII characters.",
    ),
    (
        "idempotency-key-reused",
        "The Idempotency-Key was used with another call",
        422,
        "Use a new key for a new call.",
    ),
    (
        "idempotency-key-running",
        "A call with this Idempotency-Key is still running",
        409,
        "Wait as Retry-After says and repeat the same call.",
    ),
    # Order
    ("superseded", "A newer version stands", 409, "Nothing; read the current version."),
    (
        "version-conflict",
        "The same version came with other content",
        409,
        "Compare both and send a new version.",
    ),
    (
        "epoch-change",
        "The source has restarted its version count",
        409,
        "Confirm the restart and send the full state again.",
    ),
    (
        "version-gap",
        "A version before this one is missing",
        409,
        "Send the missing version or the full state.",
    ),
    (
        "parent-missing",
        "What this refers to has not arrived",
        422,
        "Send the parent, or map the reference.",
    ),
    (
        "precondition-failed",
        "The object has changed meanwhile",
        412,
        "Read it again and decide anew.",
    ),
    # References and values
    (
        "reference-unknown",
        "A reference is not known",
        422,
        "Map the value, or send what it refers to.",
    ),
    (
        "reference-ambiguous",
        "A reference fits several records",
        422,
        "Choose one of them and map the value.",
    ),
    (
        "value-unmapped",
        "A value has no mapping",
        422,
        "Map the value and replay everything it blocks.",
    ),
    (
        "code-not-postable",
        "The code is a heading, not for booking",
        422,
        "Use a code below it.",
    ),
    (
        "code-inactive",
        "The code is not valid on that day",
        422,
        "Use a valid code or extend its validity.",
    ),
    ("segment-limit", "Too many custom segments", 422, "Use at most ten."),
    (
        "currency-decimals",
        "The amount has more decimals than its currency",
        422,
        "Send the amount as the currency writes it; nothing is rounded here.",
    ),
    (
        "currency-mismatch",
        "The currency differs",
        422,
        "Correct the currency at the source.",
    ),
    # Decisions
    (
        "possible-match",
        "This may be a record that is already here",
        422,
        "Link it to the record that is proposed, or create a new one.",
    ),
    (
        "already-linked",
        "The record is linked to another object of this system",
        409,
        "Decide which of the two is right.",
    ),
    (
        "owner-conflict",
        "Odoo owns a field that the source has changed",
        422,
        "Take the source's value or keep Odoo's.",
    ),
    (
        "record-removed",
        "The record was removed in Odoo",
        422,
        "Restore it, link another one, or discard the message.",
    ),
    (
        "in-use",
        "The record is in use",
        422,
        "Close the documents that use it, or keep it.",
    ),
    (
        "company-unknown",
        "The company is not known",
        422,
        "Use a code that the system's form lists.",
    ),
    (
        "company-crossed",
        "The reference belongs to another company",
        422,
        "Correct the company or the reference.",
    ),
    (
        "access-refused",
        "The service user may not do this",
        422,
        "Give the system's service user the right, or discard the message.",
    ),
    (
        "period-locked",
        "The period is locked",
        422,
        "Open the period or book in the next one.",
    ),
    ("frozen", "The flow is in a freeze window", 422, "Wait until it ends."),
    (
        "business-rule",
        "Odoo refused the record",
        422,
        "Correct what the sentence names and send or retry.",
    ),
    (
        "already-exists",
        "Such a record is already here",
        409,
        "Send the change for the record that stands, or use a number of its own.",
    ),
    (
        "flow-off",
        "This kind of object is switched off for the system",
        422,
        "Switch it to preview or live on the system's form and replay the message.",
    ),
    # The way out
    (
        "not-published",
        "A change could not be told to other systems",
        422,
        "Correct the record as the sentence says and save it again.",
    ),
    (
        "not-sendable",
        "The object cannot be sent as it is",
        422,
        "Correct the field that the sentence names, then send it again.",
    ),
    (
        "field-limit",
        "The other system cannot take a field",
        422,
        "Correct the field that the sentence names, or the call's line for it.",
    ),
    (
        "delivery-failing",
        "A delivery keeps failing",
        422,
        "Look at the last tries. It is tried on for three days.",
    ),
    (
        "delivery-failed",
        "A delivery was given up",
        422,
        "Remove the cause in the other system, then send it again.",
    ),
    (
        "delivery-refused",
        "The other system refuses the object",
        422,
        "Correct the record or the mapping, then send it again.",
    ),
    (
        "delivery-unknown",
        "Nobody knows whether it arrived",
        422,
        "Look in the other system. Then say that it arrived, or send it again.",
    ),
    (
        "database-unconfirmed",
        "This database is a copy, or was restored",
        422,
        "Say under Configuration > This database whether it goes on or is a copy.",
    ),
    (
        "audit-late",
        "The audit is sealed or anchored too late",
        422,
        "End the long transaction, or repair the scheduled action or the folder.",
    ),
    (
        "audit-broken",
        "The audit is not what was sealed",
        422,
        "Keep the database as it is, export the audit and look who changed it.",
    ),
    # The watch
    (
        "cron-stopped",
        "A scheduled action does not run",
        422,
        "Switch it on under Settings > Technical > Scheduled Actions; look in the log "
        "for why it failed.",
    ),
    (
        "source-silent",
        "A system is silent that usually speaks",
        422,
        "Ask the people who run it whether it still sends, and look at its key.",
    ),
    (
        "calls-refused",
        "Most calls of a system are refused",
        422,
        "Compare the clocks of both servers and the keys on both sides.",
    ),
    (
        "database-strained",
        "The database does not clean up",
        422,
        "End the old transaction, or let autovacuum work on the table.",
    ),
    (
        "credential-ending",
        "A login ends soon",
        422,
        "Ask the system for a new one and enter it under Access before that day.",
    ),
    (
        "endpoint-gone",
        "The address is no more",
        422,
        "Ask the system for its new address, enter it and resume sending.",
    ),
    (
        "endpoint-disabled",
        "The system was switched off after days of failure",
        422,
        "Repair the connection, test it and resume sending. Nothing is lost.",
    ),
    # Fetching
    (
        "fetch-failed",
        "A list cannot be fetched",
        422,
        "Open the list of the system, press Try it and correct what it names.",
    ),
    (
        "record-unreadable",
        "A fetched record cannot be told apart",
        422,
        "Correct id, version or time in the system's list, then read everything again.",
    ),
    (
        "foreign-record",
        "A system gave records of somebody else",
        403,
        "Ask the system's keeper why; check the login and what the list is limited to.",
    ),
    (
        "schema-drift",
        "The records look different from before",
        422,
        "Check the fields of the system's list with Try it, then resolve this.",
    ),
    (
        "mapping-failed",
        "A field cannot be read as it is mapped",
        422,
        "Correct the line of the field in the system's list, then try it again.",
    ),
    # Trouble here
    (
        "quarantined",
        "The message stopped its worker three times",
        422,
        "Report it; retry after the cause is found.",
    ),
    ("gave-up", "Every try failed", 422, "Remove the cause and retry."),
    (
        "lane-busy",
        "Earlier work on this object is not done",
        409,
        "Ask again under the address in Location.",
    ),
    ("unavailable", "Not available now", 503, "Wait as Retry-After says."),
    (
        "internal",
        "Something went wrong here",
        500,
        "Repeat the call; report it with the trace id if it stays.",
    ),
):
    register_kind(*_kind)
