from . import endpoint
from . import answers
from . import idempotency
from . import service
from . import events
from . import hooks
from . import messages
from . import objects
