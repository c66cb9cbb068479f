"""The interface while its database cannot be reached (FA-G03).

Odoo serves a call without a database when it cannot get a connection, and without a
database it knows none of our routes: the sender would read 404 and give its message
up. Here it reads 503 and when to come again.
"""

import sys

from odoo import http

from . import endpoint

_serve_nodb = http.Request._serve_nodb


def serve_nodb(request):
    """As Odoo's own, but for our addresses while the database is away."""
    path = request.httprequest.path
    if path.startswith(endpoint.BASE + "/") and _is_away():
        return endpoint.away()
    return _serve_nodb(request)


def _is_away():
    """Whether Odoo came here because it got no connection."""
    reason = sys.exc_info()[1]
    return isinstance(reason, http.RegistryError) or not http.db_list(force=True)


http.Request._serve_nodb = serve_nodb
