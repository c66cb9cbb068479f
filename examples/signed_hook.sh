#!/bin/sh
# Send an event to the webhook address of the system "examples", signed as Standard
# Webhooks 1.0 says: HMAC-SHA256 over id, time and the very bytes of the body.
set -eu
. "$(dirname "$0")/environment.sh"
: "${SECRET:?Set SECRET to the webhook secret of the system (whsec_...)}"

id="examples-hook-$(date +%s)-$$"
timestamp=$(date +%s)
body=$(sed "s/examples-0001/$id/; s/\"sequence\": \"1\"/\"sequence\": \"$timestamp\"/" \
    "$HERE/vendor_event.json")
key=$(printf '%s' "${SECRET#whsec_}" | openssl base64 -d -A | od -An -tx1 -v | tr -d ' \n')
signature=$(printf '%s.%s.%s' "$id" "$timestamp" "$body" |
    openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)

printf '%s' "$body" | curl --silent --show-error --fail-with-body \
    --request POST "$API/hooks/examples" \
    --header "Content-Type: application/cloudevents+json" \
    --header "webhook-id: $id" \
    --header "webhook-timestamp: $timestamp" \
    --header "webhook-signature: v1,$signature" \
    --data-binary @-
echo
