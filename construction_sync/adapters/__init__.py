from . import adapter, canonical, procore
