"""Faults from outside the process: real Odoo servers under load are killed, then the
senders' own log is compared with what stands in the database.
"""
