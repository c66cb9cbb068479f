from . import sync_carrier
from . import sync_flow
