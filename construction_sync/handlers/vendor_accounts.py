"""Bank accounts that systems send with vendors.

Those of a brand-new vendor are entered as untrusted. Every later difference (a new,
a changed, a removed account) waits for a second person; it never takes effect here.
"""

from .. import vendor_identity
from ..pipeline.item import Match


def plain(item):
    """The item's accounts as ``[{"iban" | "number", "bic"}]``."""
    return [
        account.model_dump(exclude_none=True)
        for account in item.data.bank_accounts or ()
    ]


def bring(env, items):
    """Enter accounts of new vendors, ask for changes of known ones, in a batch."""
    fresh, known = {}, []
    for item in items:
        if item.created and item.record_id not in fresh:
            fresh[item.record_id] = plain(item)
        elif not item.created:
            known.append(item)
    entered = {partner_id: some for partner_id, some in fresh.items() if some}
    if entered:
        env["res.partner.bank"]._construction_enter(entered)
    if known:
        _ask(env, known)


def _ask(env, items):
    partners = env["res.partner"].browse([item.record_id for item in items])
    current = env["res.partner.bank"]._construction_accounts(partners)
    changes = env["construction.bank.change"]
    wanted, same = {}, env["res.partner"]
    for item in items:
        accounts = plain(item)
        if _alike(current[item.record_id], accounts):
            same |= partners.browse(item.record_id)
            wanted.pop(item.record_id, None)
            continue
        wanted[item.record_id] = {
            "partner_id": item.record_id,
            "system_id": item.system.id,
            "message_ref": _message_ref(item),
            "requested_by_id": item.system.user_id.id,
            "old_accounts": current[item.record_id],
            "new_accounts": accounts,
        }
    if same:
        changes._withdraw(same)
    if wanted:
        changes._request(list(wanted.values()))


def _alike(current, accounts):
    """Whether both lists name the same accounts; a BIC counts where both have one."""
    old = {vendor_identity.account_key(account): account for account in current}
    new = {vendor_identity.account_key(account): account for account in accounts}
    if set(old) != set(new):
        return False
    pairs = ((old[key].get("bic"), new[key].get("bic")) for key in old)
    return all(not (a and b) or a.upper() == b.upper() for a, b in pairs)


def _message_ref(item):
    uuids = [str(row.uuid) for row in item.rows if getattr(row, "uuid", None)]
    return uuids[-1] if uuids else f"{item.system.code} {item.external_id}"


def same_name_and_account(env, items):
    """``{id(item): [Match]}``: vendors of the same name that have one of the item's
    accounts. Never exact: a person looks."""
    keys = {
        id(item): {vendor_identity.account_key(account) for account in plain(item)}
        for item in items
        if item.data.bank_accounts
    }
    wanted = set().union(*keys.values()) if keys else set()
    if not wanted:
        return {}
    owners = {}
    for account in env["res.partner.bank"].search_fetch(
        [("sanitized_acc_number", "in", list(wanted))],
        ["sanitized_acc_number", "partner_id"],
    ):
        owners.setdefault(account.sanitized_acc_number, []).append(account)
    result = {}
    for item in items:
        name = vendor_identity.name_key(item.data.name)
        matches = {}
        for key in keys.get(id(item), ()):
            for account in owners.get(key, ()):
                partner = account.partner_id._construction_live()
                if partner.construction_name_key == name:
                    evidence = env._(
                        "Same name and same bank account %(account)s",
                        account=vendor_identity.masked(account.acc_number),
                    )
                    matches[partner.id] = Match(
                        partner.id, "name_and_account", evidence, False
                    )
        if matches:
            result[id(item)] = list(matches.values())
    return result
