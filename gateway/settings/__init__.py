"""Typed configuration: one YAML file with its ``conf.d``, checked against the gateway's and its plugins' own types."""
