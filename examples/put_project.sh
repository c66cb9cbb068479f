#!/bin/sh
# Put one object and have it applied before the answer: 201 created, 200 changed or
# unchanged. Sync-Sequence is the object's version in your system: an older one than
# Odoo has is answered 409. Idempotency-Key makes it safe to repeat the call after a
# broken connection: the stored answer comes back, and nothing happens twice.
set -eu
. "$(dirname "$0")/environment.sh"

call --request PUT "$API/project/EX-P1" \
    --header "Content-Type: application/json" \
    --header "Sync-Sequence: 1" \
    --header 'Idempotency-Key: "examples-project-1"' \
    --data-binary "@$HERE/project.json"
echo
