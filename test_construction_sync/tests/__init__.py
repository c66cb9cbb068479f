from . import test_money_key
from . import test_retry
