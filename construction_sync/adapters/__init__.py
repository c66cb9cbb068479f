from . import adapter, canonical, procore, rest
