#!/bin/sh
# Read an object by your own id, then the list of everything, page by page.
set -eu
. "$(dirname "$0")/environment.sh"

echo "One vendor:"
call "$API/vendor/EX-11"
echo

page="$API/vendor?limit=10"
while [ -n "$page" ]; do
    echo "A page:"
    call --dump-header "${TMPDIR:-/tmp}/examples-headers.$$" "$page"
    echo
    # The next page is in the header Link, with rel="next"; the last page has none.
    page=$(sed -n 's/^[Ll]ink: <\([^>]*\)>; rel="\{0,1\}next"\{0,1\}.*/\1/p' \
        "${TMPDIR:-/tmp}/examples-headers.$$")
    case "$page" in
        /*) page="$BASE$page" ;;
    esac
done
rm -f "${TMPDIR:-/tmp}/examples-headers.$$"
