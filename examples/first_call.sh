#!/bin/sh
# The first call: is the server there, and does the key open it?
set -eu
. "$(dirname "$0")/environment.sh"

echo "Health (needs no key):"
curl --silent --show-error --fail "$API/health"
echo

echo "The first vendor that this key may see:"
call "$API/vendor?limit=1"
echo
