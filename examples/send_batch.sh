#!/bin/sh
# Send up to 1,000 events at once. Each is judged alone: the third one has a field
# that does not exist and is rejected, with a pointer to it; the others are accepted.
set -eu
. "$(dirname "$0")/environment.sh"

call --request POST "$API/events" \
    --header "Content-Type: application/cloudevents-batch+json" \
    --data-binary "@$HERE/vendor_batch.json"
echo
