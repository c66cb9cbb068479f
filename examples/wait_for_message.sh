#!/bin/sh
# Wait until a message has come to an end: wait_for_message.sh MESSAGE
# MESSAGE is the "message" of an event in the answer of POST /events.
# Ends with 0 when it was applied (or was a duplicate), with 1 when a person has to
# look at it, with 3 when it is still under way after half a minute.
set -eu
. "$(dirname "$0")/environment.sh"
: "${1:?Say which message}"

tries=0
while [ "$tries" -lt 60 ]; do
    answer=$(call "$API/messages/$1")
    state=$(printf '%s' "$answer" | sed -n 's/.*"state": *"\([a-z]*\)".*/\1/p')
    case "$state" in
        applied | duplicate | superseded)
            echo "$state"
            exit 0
            ;;
        exception | dead | discarded)
            echo "$answer"
            exit 1
            ;;
    esac
    tries=$((tries + 1))
    sleep 0.5
done
echo "$state"
exit 3
