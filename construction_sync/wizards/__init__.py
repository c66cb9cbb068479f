from . import sync_progress
from . import sync_map
from . import sync_replay
from . import sync_discard
from . import sync_ignore
from . import sync_correction
from . import sync_connection
from . import vendor_merge
