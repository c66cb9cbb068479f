# Read by the other scripts. Set before you start:
#   BASE    Odoo's address, as http://127.0.0.1:8069
#   KEY     a key of your client (Construction Sync > Configuration > Clients)
#   SECRET  only for the signed hook: the system's webhook secret (whsec_...)
: "${BASE:?Set BASE to the address of Odoo, for instance http://127.0.0.1:8069}"
: "${KEY:?Set KEY to a key of your client}"
API="$BASE/construction_sync/v1"
HERE=$(dirname "$0")

call() {
    # Like curl, but quiet, failing on 4xx and 5xx, and with the key.
    curl --silent --show-error --fail-with-body \
        --header "Authorization: Bearer $KEY" "$@"
}
