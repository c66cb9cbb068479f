from . import handler
from . import cost_code
from . import cost_type
from . import segment_value
from . import wbs_node
from . import project
from . import vendor
from . import hook
