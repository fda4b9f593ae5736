from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cli.contact_sources.multistatus import CARDDAV, DAV, NotMultistatusError, resources_in

# As Nextcloud writes it.
ANSWER = """<?xml version="1.0"?>
<d:multistatus xmlns:d="DAV:" xmlns:card="urn:ietf:params:xml:ns:carddav" xmlns:oc="http://owncloud.org/ns">
 <d:response>
  <d:href>/dav/books/anna/</d:href>
  <d:propstat>
   <d:prop>
    <d:resourcetype><d:collection/><card:addressbook/></d:resourcetype><d:displayname>Kunden &amp; mehr</d:displayname>
    <card:addressbook-home-set><d:href> /dav/books/ </d:href><d:href>/dav/shared/</d:href></card:addressbook-home-set>
   </d:prop>
   <d:status>HTTP/1.1 200 OK</d:status>
  </d:propstat>
  <d:propstat>
   <d:prop><d:current-user-principal><d:href>/secret/</d:href></d:current-user-principal></d:prop>
   <d:status>HTTP/1.1 404 Not Found</d:status>
  </d:propstat>
 </d:response>
 <d:response><d:href>/gone.vcf</d:href><d:status>HTTP/1.1 404 Not Found</d:status></d:response>
 <d:response/>
</d:multistatus>"""


def test_resources_have_the_properties_that_were_found() -> None:
    book, gone, empty = resources_in(ANSWER.encode())
    assert (book.href, book.status) == ("/dav/books/anna/", "")
    assert book.has_type(f"{CARDDAV} addressbook")
    assert not book.has_type(f"{CARDDAV} calendar")
    assert book.text(f"{DAV} displayname") == "Kunden & mehr"
    assert book.hrefs(f"{CARDDAV} addressbook-home-set") == ["/dav/books/", "/dav/shared/"]
    assert book.hrefs(f"{DAV} current-user-principal") == []
    assert (gone.href, gone.status) == ("/gone.vcf", "HTTP/1.1 404 Not Found")
    assert (empty.href, empty.text(f"{DAV} displayname")) == ("", None)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is no XML"),
        ("<html><p>Sign in", "it is no XML"),
        ("<html/>", "it begins with 'html'"),
        ('<?xml version="1.0" encoding="klingon"?><a/>', "it is no XML"),
        ('<!DOCTYPE a [<!ENTITY x "xx"><!ENTITY y "&x;&x;">]><a>&y;</a>', "it declares a document type"),
        ("<a>" * 100 + "</a>" * 100, "nested too deeply"),
    ],
)
def test_what_is_no_such_answer_is_refused(text: str, why: str) -> None:
    with pytest.raises(NotMultistatusError, match=why):
        resources_in(text.encode())


@given(at=st.integers(0, len(ANSWER)), byte=st.binary(max_size=3))
def test_an_answer_that_is_damaged_is_read_or_refused(at: int, byte: bytes) -> None:
    data = ANSWER.encode()
    with suppress(NotMultistatusError):
        resources_in(data[:at] + byte + data[at + len(byte) :])
