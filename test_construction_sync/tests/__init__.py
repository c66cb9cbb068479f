from . import test_money_key
from . import test_retry
from . import test_unclear_money
