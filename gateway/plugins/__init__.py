"""Connectors, adapters and what else is found by its manifest, so that the gateway imports none of them by name."""
