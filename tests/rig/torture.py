"""The 49 messages of RFC 4475, by its names for them: each does what its section there is about, in words of our own.

``@HOST@`` and ``@PORT@`` are where the sender is, ``@LENGTH@`` is the body's length.
"""

from typing import Final

_SDP: Final = """\
v=0
o=tester 29739 7272939 IN IP4 192.0.2.3
s=-
c=IN IP4 @HOST@
t=0 0
m=audio 49217 RTP/AVP 0 101
a=rtpmap:101 telephone-event/8000
"""
_VIA: Final = "Via: SIP/2.0/UDP @HOST@:@PORT@;branch=z9hG4bK-@NAME@"
_ODD_USER: Final = "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
_WORD: Final = "\u0440\u0430\u0431\u043e\u0442\u0430"
_ODD_PASSWORD: Final = "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"
_USUAL: Final = f"""\
{_VIA}
Max-Forwards: 70
From: "Caller" <sip:caller@example.net>;tag=@NAME@
To: <sip:user@example.com>
Call-ID: @NAME@.torture
Contact: <sip:caller@@HOST@:@PORT@>
"""


def _invite(start: str = "INVITE sip:user@example.com SIP/2.0", usual: str = _USUAL, more: str = "") -> str:
    return f"{start}\n{usual}CSeq: 8 INVITE\n{more}Content-Type: application/sdp\nContent-Length: @LENGTH@\n\n{_SDP}"


def _other(method: str, uri: str = "sip:user@example.com", usual: str = _USUAL, more: str = "", sequence: str = "") -> str:
    return f"{method} {uri} SIP/2.0\n{usual}CSeq: {sequence or f'8 {method}'}\n{more}Content-Length: 0\n\n"


def _with(name: str, line: str) -> str:
    """The usual headers, but one."""
    return "".join(f"{line}\n" if each.startswith(f"{name}:") else f"{each}\n" for each in _USUAL.splitlines())


def _response(status: str, more: str = "", sequence: str = "8 INVITE") -> str:
    return f"SIP/2.0 {status}\n{_USUAL}CSeq: {sequence}\n{more}Content-Length: 0\n\n"


VALID: Final = {
    # White space of all kinds, folding, compact names, unknown headers and parameters, escapes in quotes.
    "wsinv": f"""\
INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0
TO :
 sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n
from   : "A \\\\\\"quoted\\\\\\" name with ; and <>"
  <sip:jdrosen@example.com>
  ;
  tag = 98asjd8
MaX-fOrWaRdS: 0068
Call-ID: @NAME@.torture
Content-Length   : @LENGTH@
cseq: 0009
  INVITE
Via  : SIP  /   2.0
 /UDP
    @HOST@:@PORT@;branch=390skdjuw
s :
NewFangledHeader:   newfangled value
 continued newfangled value
UnknownHeaderWithUnusualValue: ;;,,;;,;
Content-Type: application/sdp
Route:
 <sip:services.example.com;lr;unknownwith=value;unknown-no-value>
v:  SIP  / 2.0  / TCP     spindle.example.com   ;
  branch  =   z9hG4bK9ikj8  ,
 SIP  /    2.0   / UDP  192.168.255.111   ; branch=
 z9hG4bK30239
m:"Another \\"quote\\"" <sip:jdrosen@@HOST@:@PORT@>;   newparam =
      newvalue ;
  secondparam ; q = 0.33

{_SDP}""",
    # Each character that a token, a user and a display name may have, and bytes that are no ASCII.
    "intmeth": f"""\
!interesting-Method0123456789_*+`.%indeed'~ sip:{_ODD_USER}:{_ODD_PASSWORD}@example.com SIP/2.0
Via: SIP/2.0/UDP @HOST@:@PORT@;branch=z9hG4bK-.!%66*_+`'~
To: "BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f" <sip:{_ODD_USER}@example.com>
From: token1~` token2'+_ token3*%!.- <sip:mundane@example.com>;fromParam''~+*_!.-%="{_WORD}";tag=_token~1'+`*%!-.
Call-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/"][?}}{{
CSeq: 139122385 !interesting-Method0123456789_*+`.%indeed'~
Max-Forwards: 255
extensionHeader-!.%*+_`'~:\ufeff\u5927\u505c\u96fb
Content-Length: 0

""",
    "esc01": _invite(
        "INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0",
        _with("From", "From: <sip:I%20have%20spaces@example.net>;tag=938").replace(
            "sip:caller@@HOST@:@PORT@", "sip:cal%6Cer@@HOST@:@PORT@;%6C%72;n%61me=v%61lue%25%34%31"
        ),
    ),
    "escnull": _other(
        "REGISTER",
        "sip:example.com",
        _with("To", "To: sip:null-%00-null@example.com").replace(
            "<sip:caller@@HOST@:@PORT@>", "<sip:%00@@HOST@>, <sip:%00%00@@HOST@>"
        ),
    ),
    "esc02": _other("RE%47IST%45R", "sip:registrar.example.com", _with("To", 'To: "%Z%45" <sip:resource@example.com>')),
    "lwsdisp": _other("OPTIONS", usual=_with("From", "From: caller<sip:caller@example.com>;tag=323")),
    "longreq": _invite(
        usual=_with(
            "To",
            f'To: "I have a user name of {"very " * 40}long" '
            f"<sip:amazinglylong{'callee' * 30}@example.com:5060;unknown{'very' * 30}longname=value>",
        )
        .replace("@NAME@.torture", f"@NAME@.{'really' * 20}.torture")
        .replace(
            "Max-Forwards: 70\n",
            "Max-Forwards: 70\n" + "".join(f"Via: SIP/2.0/TCP sip{at}.example.com\n" for at in range(30, 0, -1)),
        ),
        more=f"Unknown-{'Very' * 40}-Long-Name: {'unknown-value-' * 30}; {'parameter-' * 20}=1\n",
    ),
    "dblreq": _other("REGISTER", "sip:example.com") + _invite("INVITE sip:joe@example.com SIP/2.0"),
    "semiuri": _other("OPTIONS", "sip:user;par=u%40example.net@example.com"),
    "transports": _other(
        "OPTIONS",
        usual=_USUAL.replace(
            "Max-Forwards",
            "Via: SIP/2.0/SCTP t2.example.com;branch=z9hG4bKkl1\nVia: SIP/2.0/TLS t3.example.com;branch=z9hG4bKkl2\n"
            "Via: SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bKkl3\n"
            "Via: SIP/2.0/TCP t5.example.com;branch=z9hG4bKkl4\nMax-Forwards",
        ),
    ),
    "mpart01": f"""\
MESSAGE sip:kumiko@example.org SIP/2.0
{_USUAL}CSeq: 127 MESSAGE
MIME-Version: 1.0
Content-Type: multipart/mixed;boundary=7a9cbec02ceef655
Content-Length: @LENGTH@

--7a9cbec02ceef655
Content-Type: text/plain
Content-Transfer-Encoding: binary

Good day
--7a9cbec02ceef655
Content-Type: application/octet-stream
Content-Transfer-Encoding: binary

\x30\x82\x01\x52\x00\x00\x01\x7f\xff\xfe\x00\x80
--7a9cbec02ceef655--
""",
    "unreason": _response(
        "200 = 2**3 * 5**2 \u043d\u043e \u0441\u0442\u043e \u0434\u0435\u0432\u044f\u043d\u043e\u0441\u0442\u043e"
    ),
    "noreason": _response("100 "),
}
"""Section 3.1.1: strange, and right."""

INVALID: Final = {
    "badinv01": _invite(
        usual=_with("Via", "Via: SIP/2.0/UDP @HOST@:@PORT@;;,;,,").replace(
            "<sip:caller@@HOST@:@PORT@>", '"" <> ;,"Caller" <sip:caller@@HOST@>;;,,;;'
        )
    ),
    "clerr": _invite().replace("@LENGTH@", "9999"),
    "ncl": _invite().replace("@LENGTH@", "-999"),
    "scalar02": _other(
        "REGISTER",
        "sip:example.com",
        _with("Max-Forwards", "Max-Forwards: 300").replace("@PORT@>", "@PORT@>;q=1.99999;expires=280297596632815"),
        "Expires: 10000000000000000000\nRetry-After: 36893488147419103232\n",
        "36893488147419103232 REGISTER",
    ),
    "scalarlg": _response(
        "503 Service Unavailable",
        'Retry-After: 949302838503028349304023988\nWarning: 1812 overture "In progress"\n',
        "9292394834772304023312 OPTIONS",
    ),
    "quotbal": _invite(usual=_with("To", 'To: "Mr. J. User <sip:j.user@example.com>')),
    "ltgtruri": _invite("INVITE <sip:user@example.com> SIP/2.0"),
    "lwsruri": _invite("INVITE sip:user@example.com; lr SIP/2.0"),
    "lwsstart": _invite("INVITE  sip:user@example.com  SIP/2.0"),
    "trws": _other("OPTIONS", "sip:remote-target@example.com").replace("SIP/2.0\n", "SIP/2.0  \n", 1),
    "escruri": _invite("INVITE sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0"),
    "baddate": _invite(more="Date: Fri, 01 Jan 2010 16:00:00 EST\n"),
    "regbadct": _other(
        "REGISTER", "sip:example.com", _with("Contact", "Contact: sip:user@example.com?Route=%3Csip:sip.example.com%3E")
    ),
    "badaspec": _other("OPTIONS", usual=_with("To", 'To: "Watson, Thomas" < sip:t.watson@example.org >')),
    "baddn": _other("OPTIONS", usual=_with("From", "From: Bell, Alexander <sip:a.g.bell@example.com>;tag=43")),
    "badvers": _other("OPTIONS").replace("SIP/2.0\n", "SIP/7.0\n", 1),
    "mismatch01": _other("OPTIONS", sequence="8 INVITE"),
    "mismatch02": _other("NEWMETHOD", sequence="8 INVITE"),
    "bigcode": _response("4294967301 better not break the receiver"),
}
"""Section 3.1.2: wrong by the grammar."""

OTHERS: Final = {
    "badbranch": _other("OPTIONS", usual=_with("Via", "Via: SIP/2.0/UDP @HOST@:@PORT@;branch=z9hG4bK")),
    "insuf": f"INVITE sip:user@example.com SIP/2.0\n{_VIA}\nCSeq: 193942 INVITE\nContent-Length: 0\n\n",
    "unkscm": _other("OPTIONS", "nobodyKnowsThisScheme:totallyopaquecontent"),
    "novelsc": _other("OPTIONS", "soap.beep://192.0.2.103:3002"),
    "unksm2": _other(
        "REGISTER",
        "sip:example.com",
        _with("To", "To: isbn:2983792873").replace("<sip:caller@example.net>", "<http://www.example.com>"),
    ),
    "bext01": _other(
        "OPTIONS",
        more="Require: nothingSupportsThis, nothingSupportsThisEither\n"
        "Proxy-Require: noProxiesSupportThis, norDoAnyProxiesSupportThis\n",
    ),
    "invut": _invite()
    .replace("application/sdp", "application/unknownformat")
    .replace(_SDP, "<audio>\n <pcmu port='443'/>\n</audio>\n"),
    "regaut01": _other("REGISTER", "sip:example.com", more="Authorization: NoOneKnowsThisScheme opaque-data=here\n"),
    "multi01": _invite(
        more="CSeq: 59 INVITE\nCall-ID: another.torture\nMax-Forwards: 5\nFrom: <sip:other@example.net>;tag=3\n"
        "To: <sip:third@example.com>\n"
        "Via: SIP/2.0/UDP 192.0.2.15;branch=z9hG4bKkdjuw2395\n"
    ),
    "mcl01": _other("OPTIONS", more="Content-Length: 13\n") + "There is no body",
    "bcast": _response("200 OK", "Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23\n"),
    "zeromf": _other("OPTIONS", usual=_with("Max-Forwards", "Max-Forwards: 0")),
    "cparam01": _other("REGISTER", "sip:example.com", _with("Contact", "Contact: sip:+19725552222@gw1.example.net;unknownparam")),
    "cparam02": _other(
        "REGISTER", "sip:example.com", _with("Contact", "Contact: <sip:+19725552222@gw1.example.net;unknownparam>")
    ),
    "regescrt": _other(
        "REGISTER", "sip:example.com", _with("Contact", "Contact: <sip:user@example.com?Route=%3Csip:sip.example.com%3E>")
    ),
    "sdp01": _invite(more="Accept: text/nobodyKnowsThis\n"),
    # As in RFC 2543: no branch, no tags, no Max-Forwards.
    "inv2543": f"""\
INVITE sip:UserB@example.com SIP/2.0
Via: SIP/2.0/UDP @HOST@:@PORT@
From: <sip:UserA@example.com>
Record-Route: <sip:UserB@example.com;maddr=@HOST@>
To: sip:UserB@example.net
Call-ID: @NAME@.torture
CSeq: 1 INVITE
Contact: <sip:UserA@@HOST@:@PORT@>
Content-Type: application/sdp
Content-Length: @LENGTH@

{_SDP}""",
}
"""Sections 3.2 to 3.4: right by the grammar, and wrong by what they mean; or old."""


def message(name: str, text: str, host: str, port: int) -> bytes:
    """Return a message as it is sent: lines end as in SIP; what is no ASCII is UTF-8, and a byte where it is below 256."""
    whole = text.replace("\n", "\r\n").replace("@HOST@", host).replace("@PORT@", str(port)).replace("@NAME@", name)
    body = whole.partition("\r\n\r\n")[2]
    return _bytes(whole.replace("@LENGTH@", str(len(_bytes(body)))))


def _bytes(text: str) -> bytes:
    return b"".join(bytes([ord(each)]) if ord(each) < 256 else each.encode() for each in text)
