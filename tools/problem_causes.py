"""Why each kind of problem comes up, in words for the handbook.

Title, status and remedy stand in the catalogue of the code; what brings a kind about
is told here, one sentence or two a kind. ``WHERE`` tells where people meet it.
"""

ANSWER = "the answer to a call"
QUEUE = "Exceptions"
BOTH = "the answer to a call, and Exceptions"
RESERVED = "nowhere yet: kept for a later part of the suite"

#: slug -> (where it is met, what brings it about)
CAUSES = {
    "json-malformed": (
        ANSWER,
        "The body is cut off or is no JSON text. The whole call is refused and nothing "
        "of it is stored.",
    ),
    "json-not-strict": (
        ANSWER,
        "The JSON can be read in two ways or not safely: a name that stands twice, "
        "``NaN``, a NUL character, a lone surrogate, too many values or too deep.",
    ),
    "body-too-large": (
        ANSWER,
        "An event, an object, or the whole call is over its limit.",
    ),
    "length-required": (
        ANSWER,
        "The call says no ``Content-Length``. Chunked bodies are not taken.",
    ),
    "media-type": (
        ANSWER,
        "``Content-Type`` is not the one of the call, names another character set than "
        "UTF-8, or the body is compressed.",
    ),
    "unreadable": (
        BOTH,
        "A webhook was verified, but its body is not what the dialect writes. The body "
        "is kept.",
    ),
    "envelope-invalid": (
        BOTH,
        "An attribute of the event is missing or wrong: ``specversion``, ``id``, "
        "``source``, ``type``, ``subject``, ``time`` or ``sequence``.",
    ),
    "schema-unknown": (
        BOTH,
        "The type names an entity or a version that no installed module knows, or a "
        "webhook has a version that its dialect does not know.",
    ),
    "schema-invalid": (
        BOTH,
        "A required field is missing, a field is not known, or a value has the wrong "
        "form. Every fault is listed with its pointer.",
    ),
    "unsupported": (
        QUEUE,
        "The dialect recognises the event, and no installed module applies it. The "
        "body is kept.",
    ),
    "parameter-invalid": (
        ANSWER,
        "A parameter of the address or a header cannot be read: ``limit``, ``cursor``, "
        "``updated_after``, ``system``, the id, or ``Sync-Sequence``.",
    ),
    "unauthenticated": (
        ANSWER,
        "There is no key, or it is unknown, expired or revoked. The four cases are "
        "answered alike.",
    ),
    "signature-refused": (
        ANSWER,
        "A webhook is not proven to come from the system: wrong key, a clock that is "
        "more than five minutes off, or bytes that were changed on the way. An unknown "
        "system is answered alike.",
    ),
    "forbidden": (
        ANSWER,
        "The key has no scope for this data type, or it may not be used from this "
        "address.",
    ),
    "source-not-allowed": (
        BOTH,
        "An event names a system that its sender does not speak for.",
    ),
    "not-found": (
        ANSWER,
        "There is no such address, object or message, or the key may not see or change "
        "it. The two cases are answered alike.",
    ),
    "method-not-allowed": (ANSWER, "The address takes other methods; see ``Allow``."),
    "gone": (RESERVED, "A version of the interface that has ended."),
    "rate-limited": (
        ANSWER,
        "The client made more calls in a minute than its form allows.",
    ),
    "event-id-reused": (
        BOTH,
        "An event id came a second time with another body. The first one stands; "
        "usually the sender makes its ids from something that is not unique.",
    ),
    "idempotency-key-missing": (
        ANSWER,
        "A write of a data type that carries money came without a key. The master data "
        "of this phase carries none, so the key is optional there.",
    ),
    "idempotency-key-invalid": (ANSWER, "The header is empty, too long or sent twice."),
    "idempotency-key-reused": (
        ANSWER,
        "The same key came with another call: another address, version or body.",
    ),
    "idempotency-key-running": (
        ANSWER,
        "The first call with this key has not been answered yet.",
    ),
    "superseded": (
        ANSWER,
        "A ``PUT`` carries a version below the one that stands (``current``).",
    ),
    "version-conflict": (
        BOTH,
        "One version of an object came twice with different content: two writers share "
        "a counter, or a version was changed after it was sent.",
    ),
    "epoch-change": (
        BOTH,
        "A version is below the one that stands, but was made later: the source has "
        "started to count again, for instance after it was restored or replaced.",
    ),
    "version-gap": (
        BOTH,
        "The data type is a list of changes, and the version before this one did not "
        "arrive in the waiting time.",
    ),
    "parent-missing": (
        BOTH,
        "The message names an object (a project, a WBS node, a parent) that did not "
        "arrive in the waiting time, by default 15 minutes.",
    ),
    "precondition-failed": (RESERVED, "A conditional write whose condition fails."),
    "reference-unknown": (
        BOTH,
        "A code or id means nothing here: no record has it, no link and no value "
        "mapping names it. A look-alike is offered, never taken.",
    ),
    "reference-ambiguous": (
        RESERVED,
        "A value that fits several records. Today such a value counts as unknown.",
    ),
    "value-unmapped": (
        BOTH,
        "A cost code names a scheme that is not set up here.",
    ),
    "code-not-postable": (BOTH, "A cost code is a heading. Cost is booked below it."),
    "code-inactive": (BOTH, "A cost code is archived, or not valid on that day."),
    "segment-limit": (
        BOTH,
        "A system sends a value of an eleventh segment, or of one that is archived.",
    ),
    "currency-decimals": (
        ANSWER,
        "An amount has more decimals than its currency. Nothing is rounded away.",
    ),
    "currency-mismatch": (RESERVED, "A document in another currency than its order."),
    "possible-match": (
        BOTH,
        "Something that looks like this object is in Odoo already, but no key proves "
        "it, or the data type asks a person before it links.",
    ),
    "already-linked": (
        BOTH,
        "Two objects of one system would be the same record in Odoo, for instance two "
        "vendors with one tax id.",
    ),
    "field-limit": (
        QUEUE,
        "A value is longer than the other system takes, has more digits, does not fit "
        "its pattern, is empty where it must not be, or has no value mapping. Nothing "
        "was sent.",
    ),
    "fetch-failed": (
        QUEUE,
        "A list was tried three times in a row without success, or the login was "
        "refused. It is tried on; the exception closes when it works again.",
    ),
    "record-unreadable": (
        QUEUE,
        "A record of a fetched list has no id, or its version or time cannot be read. "
        "The other records of the page were taken.",
    ),
    "foreign-record": (
        QUEUE,
        "A list gave records that belong to another company or party than the one it "
        "is limited to. They were refused and not stored.",
    ),
    "schema-drift": (
        QUEUE,
        "The records of a fetched list have a new field, lack one that all had, or "
        "write one as another kind of value. They were taken as far as they are valid.",
    ),
    "mapping-failed": (
        QUEUE,
        "A value of a fetched record does not fit how its line reads it, for instance "
        "a day that is not written as the line says.",
    ),
    "owner-conflict": (
        BOTH,
        "The source sent another value for a field that Odoo leads. Odoo's value was "
        "kept; everything else of the message was applied.",
    ),
    "record-removed": (
        BOTH,
        "The record was deleted or archived in Odoo, and its source still changes it.",
    ),
    "in-use": (RESERVED, "A deletion of something that open documents use."),
    "company-unknown": (
        BOTH,
        "An object names a company code that the system's form does not list.",
    ),
    "company-crossed": (
        BOTH,
        "An object would use a record of another company, or its sender may not write "
        "to its company.",
    ),
    "access-refused": (
        BOTH,
        "Odoo's access rights refuse the user that the system acts as.",
    ),
    "period-locked": (RESERVED, "A booking in a locked period."),
    "frozen": (
        RESERVED,
        "A freeze does not refuse: what arrives waits until the freeze ends.",
    ),
    "already-exists": (
        BOTH,
        "A number or key that may stand only once stands already in Odoo; the sentence "
        "names it.",
    ),
    "business-rule": (
        BOTH,
        "A rule of Odoo or of an installed module refuses the record. The sentence is "
        "the rule's own.",
    ),
    "flow-off": (
        BOTH,
        "The data type is off, or was never set up, for this system.",
    ),
    "not-published": (
        QUEUE,
        "Writing the outgoing event failed; the change itself was saved.",
    ),
    "not-sendable": (
        QUEUE,
        "A field breaks a limit of the target, or a mapping for it is missing.",
    ),
    "delivery-failing": (
        QUEUE,
        "Four tries failed; the plan goes on by itself.",
    ),
    "delivery-failed": (
        QUEUE,
        "All ten tries over three days failed.",
    ),
    "delivery-refused": (
        QUEUE,
        "Three tries were answered with a refusal of the content.",
    ),
    "delivery-unknown": (
        QUEUE,
        "The answer to a document with money was lost and it cannot be asked for.",
    ),
    "database-unconfirmed": (
        QUEUE,
        "The database is another than the one that sent so far, or stands behind what "
        "it was. Nothing is sent or fetched.",
    ),
    "audit-late": (
        QUEUE,
        "Entries of the audit wait longer than ten minutes to be sealed, or no "
        "checkpoint left the database for an hour.",
    ),
    "audit-broken": (
        QUEUE,
        "*Check integrity* found entries that differ from what was sealed.",
    ),
    "cron-stopped": (
        QUEUE,
        "A scheduled action of the suite is off (Odoo does that after a week of "
        "failures), or is fifteen minutes late.",
    ),
    "source-silent": (
        QUEUE,
        "For three times its usual gap a system has sent nothing, at an hour at which "
        "it spoke on half of the last fourteen days.",
    ),
    "calls-refused": (
        QUEUE,
        "More than half of at least ten calls in fifteen minutes were refused: a wrong "
        "key, or a clock that is off.",
    ),
    "database-strained": (
        QUEUE,
        "A table of the inbox or of deliveries holds mostly dead rows, or a "
        "transaction is open for five minutes.",
    ),
    "credential-ending": (
        QUEUE,
        "A login or client certificate ends within fourteen days, or has ended.",
    ),
    "endpoint-gone": (QUEUE, "The address answered 410."),
    "endpoint-disabled": (QUEUE, "No call succeeded for five days."),
    "quarantined": (
        BOTH,
        "A worker died three times with this message in its hands.",
    ),
    "gave-up": (
        BOTH,
        "Six tries failed for a reason that might have passed. The sentence names it.",
    ),
    "lane-busy": (
        RESERVED,
        "A ``PUT`` that meets a busy lane is answered 202 and goes on by itself.",
    ),
    "unavailable": (
        QUEUE,
        "Another transaction holds the record. It is tried again by itself.",
    ),
    "internal": (
        ANSWER,
        "An error nobody foresaw. It stands in the server's log under the trace id.",
    ),
}
