from . import crash_points
from . import schemas
from . import models
from . import handlers
from . import adapters
