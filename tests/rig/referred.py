"""A scripted telephone that takes REFER, and says by NOTIFY what it is told to say came of it.

Source: RFC 3515.
"""

from collections.abc import Sequence

from rig import sip
from rig.leg import PhoneLeg
from rig.phone import Phone


class ReferredPhone(Phone):
    """Says these codes of each transfer, the last one as the end."""

    codes: Sequence[int] = (100, 180, 200)
    refer_to = ""
    """What the last REFER asked for."""

    def _on_request(self, request: sip.SipMessage) -> None:
        leg = self._by_id.get(request.call_id)
        if not request.start.startswith("REFER ") or leg is None or (request.call_id, request.first("cseq")) in self._answers:
            super()._on_request(request)
            return
        self.refer_to = request.first("refer-to")
        self._reply(request, 202, leg.local_tag)
        self._spawn(self._tell(leg.call_id, request.sequence), "referred")

    def _render(self, method: str, leg: PhoneLeg, extra: sip.Headers, body: str, sequence: int, branch: str) -> bytes:
        whole = super()._render(method, leg, extra, body, sequence, branch)
        return whole.replace(b"application/sdp", b"message/sipfrag;version=2.0") if method == "NOTIFY" else whole

    async def _tell(self, call_id: str, sequence: int) -> None:
        leg = self._by_id[call_id]
        for code in self.codes:
            over = code == self.codes[-1]
            state = "terminated;reason=noresource" if over else "active;expires=60"
            headers = sip.Headers().add("Event", f"refer;id={sequence}").add("Subscription-State", state)
            await self._request("NOTIFY", leg, headers, f"SIP/2.0 {code} {sip.REASONS.get(code, 'Other')}\r\n")
