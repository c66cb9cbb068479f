from . import adapter, canonical, procore, procore_erp, rest
