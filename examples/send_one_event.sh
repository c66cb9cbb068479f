#!/bin/sh
# Send one event. The answer is 202: it is stored for good, and will be applied.
# Send it again and the answer says "duplicate": nothing happens twice.
set -eu
. "$(dirname "$0")/environment.sh"

call --request POST "$API/events" \
    --header "Content-Type: application/cloudevents+json" \
    --data-binary "@$HERE/vendor_event.json"
echo
