"""Canonical objects, one file per entity: plain pydantic, no Odoo."""
