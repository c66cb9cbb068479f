"""The straight way in: one step a file (see docs/architecture.rst)."""
