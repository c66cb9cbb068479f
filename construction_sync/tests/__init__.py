from . import test_schema_canonical
from . import test_schema_entities
from . import test_schema_envelope
from . import test_schema_problem
from . import test_schema_values
from . import test_strict_json
