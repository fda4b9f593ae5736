"""Odoo 14 to 18 by JSON-RPC, and 19 by JSON-2."""
