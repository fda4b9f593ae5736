import pytest

from connectors.sip_mirror.protocol.digest import authorization
from gateway.model.errors import PeerRefusedError

# RFC 7616, 3.9.1: the example with both hashes; its cnonce and count are ours too.
REALM = (
    'realm="http-auth@example.org", qop="auth, auth-int", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
    'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
SHA = f"Digest algorithm=SHA-256, {REALM}"
MD5 = f"Digest algorithm=MD5, {REALM}"
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


def answered(*challenges: str) -> str:
    return authorization(challenges, "Mufasa", "Circle of Life", "GET", "/dir/index.html", CNONCE)[1]


def test_both_hashes_are_those_of_the_rfc() -> None:
    assert 'response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"' in answered(SHA)
    assert 'response="8ca523f5e9506fed4657c9700eebdbec"' in answered(MD5)


def test_the_better_hash_is_taken_whatever_the_order() -> None:
    assert "algorithm=SHA-256" in answered(MD5, SHA)
    assert "algorithm=SHA-256" in answered(SHA, MD5)


def test_a_pbx_without_qop_is_answered_without() -> None:
    # RFC 2069's example, as corrected by its errata.
    challenge = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
    nonce, value = authorization([challenge], "Mufasa", "CircleOfLife", "GET", "/dir/index.html", "unused")
    assert nonce == "dcd98b7102dd2f0e8b11d0f600bfb0c093"
    assert 'response="1949323746fe6a43ef61f9606e7febea"' in value
    assert "qop" not in value


@pytest.mark.parametrize("challenge", ['Basic realm="x"', 'Digest realm="x"', 'Digest algorithm=SHA-512-256, nonce="x"', ""])
def test_what_we_cannot_answer_is_said(challenge: str) -> None:
    with pytest.raises(PeerRefusedError, match="MD5 or SHA-256"):
        answered(challenge)
