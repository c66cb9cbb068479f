"""Tests of what ``./run`` is made of; none needs Odoo, a network or a database."""
