"""A corrected body in the place of one that could not be applied.

The message keeps its place in the order of its object, its id and its sender; the
body that came stays beside the corrected one, and the audit says who put it there.
"""

import hashlib

from odoo.exceptions import UserError
from odoo.tools import SQL

from .. import schemas
from ..schemas import strict_json
from ..schemas.problem import problems_of
from . import audit, intervention, outcome
from .intake import DATA_TYPE


def corrected(env, message, payload):
    """Replace the body of a parked message with canonical ``data``; replays it.

    :param payload: text of the canonical object (the event's ``data``)
    :raises UserError: when it is not valid, naming what and where
    """
    if message.state not in outcome.PARKED:
        raise UserError(
            env._(
                "%(message)s is not waiting for a person, so it is not replaced.",
                message=message.display_name,
            )
        )
    raw = payload.encode()
    _validate(env, message, raw)
    digest = hashlib.sha256(raw).hexdigest()
    env.cr.execute(
        SQL(
            """
            WITH body AS (
                INSERT INTO construction_sync_message_body
                       (id, raw, sha256, content_type, origin_id)
                VALUES (nextval('construction_sync_message_id_seq'), %s, %s, %s, %s)
             RETURNING id)
            UPDATE construction_sync_message m
               SET body_id = body.id, submitted_by_id = %s
              FROM body WHERE m.id = %s
            """,
            raw,
            digest,
            DATA_TYPE,
            message.id,
            env.uid,
            message.id,
        )
    )
    journal = audit.Journal(env)
    journal.note(
        f"message:{message.uuid}",
        "corrected",
        system_id=message.system_id.id,
        company_id=message.company_id.id,
        message=(message.id, message.uuid),
        facts={"content": digest},
    )
    journal.flush()
    message.invalidate_recordset()
    return intervention.replay(env, message)


def _validate(env, message, raw):
    schema = schemas.SCHEMAS.get(message.entity)
    try:
        value = strict_json.parse(raw)
        if schema is not None:
            schema.model_validate(value)
    except strict_json.StrictJsonError as error:
        raise UserError(
            env._(
                "The corrected message is not valid: %(reason)s (%(where)s)",
                reason=error.reason,
                where=error.pointer or "/",
            )
        ) from error
    except ValueError as error:
        found = problems_of(error)
        raise UserError(
            env._(
                "The corrected message does not fit: %(problems)s",
                problems="; ".join(f"{p.pointer} {p.detail}" for p in found),
            )
        ) from error
