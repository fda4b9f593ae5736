"""Q.850 causes and SIP codes, and what they mean for an attempt to reach somebody.

Source: ITU-T Q.850, RFC 3398 section 7.2.4.1, and the causes that real PBXs sent in the captures.
"""

from typing import Final

_BUSY_SIP: Final = frozenset({486, 600})
_REJECTED_SIP: Final = frozenset({403, 603})
_UNREACHABLE_SIP: Final = frozenset({404, 408})
_BY_CAUSE: Final = {
    1: "unreachable",
    3: "unreachable",
    17: "busy",
    18: "unreachable",
    20: "unreachable",
    21: "rejected",
    27: "unreachable",
    28: "failed",
    34: "failed",
    38: "failed",
    41: "failed",
    42: "failed",
    44: "failed",
    58: "failed",
}


def attempt_outcome(cause: int, sip: int) -> str | None:
    """Return ``busy rejected unreachable failed``, or None where cause and code say nothing against the party.

    ``cause`` is a Q.850 cause and ``sip`` a SIP status code; 0 when not known. The code is the closer witness.
    """
    if sip in _BUSY_SIP:
        return "busy"
    if sip in _REJECTED_SIP:
        return "rejected"
    if sip in _UNREACHABLE_SIP:
        return "unreachable"
    if 500 <= sip < 600:
        return "failed"
    return _BY_CAUSE.get(cause)
