"""From SIP messages to events of the PBX: what each telephone's dialogs mean together."""

from connectors.sip_mirror.mapping.mapper import MirrorMapper

__all__ = ["MirrorMapper"]
