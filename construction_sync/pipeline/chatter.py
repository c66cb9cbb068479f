"""One note in the chatter of a record that was changed from outside.

Tracking is off while a batch is applied, because it costs a third of the time; the
person who reads the chatter still sees what changed, in one note.
"""

from markupsafe import Markup

from .ownership import shown


def note(env, flow, handler, rows):
    """Write a note per changed record, in one create."""
    if handler is None or not handler._target:
        return
    target = env[handler._target]
    if not hasattr(target, "message_post"):
        return
    items = {
        id(row.item): row.item
        for row in rows
        if row.state == "applied" and row.item is not None and row.item.changes
    }.values()
    if not items:
        return
    author = flow.system_id.user_id.partner_id.id
    subtype = env.ref("mail.mt_note").id
    env["mail.message"].create(
        [
            {
                "model": handler._target,
                "res_id": item.record_id,
                "message_type": "notification",
                "subtype_id": subtype,
                "author_id": author,
                "body": _body(target, flow, item),
            }
            for item in items
        ]
    )


def _body(target, flow, item):
    lines = Markup("").join(
        Markup("<li>%s: %s → %s</li>")
        % (
            target._fields[name]._description_string(target.env),
            item.before.get(name) or "–",
            _after(target, name, item.record_id),
        )
        for name in item.changes
    )
    return Markup("<p>%s</p><ul>%s</ul>") % (
        target.env._("Changed by %(system)s", system=flow.system_id.name),
        lines,
    )


def _after(target, name, record_id):
    return shown(target.browse(record_id), name) or "–"
