"""Tries a CRM's adapter against a living CRM: what the gateway relies on, rule by rule. ``tieline crm conformance`` runs it."""
