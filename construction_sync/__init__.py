from . import models
from . import adapters
from . import handlers
from . import wizards
from . import controllers
from .hooks import uninstall_hook
