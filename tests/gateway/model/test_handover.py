from gateway.model.handover import SHORT_BYTES, Fact, Handover, for_pbx, note_of


def test_short_form_says_summary_and_facts() -> None:
    facts = (Fact(name="order", label="Order", value="SF12345678"), Fact(name="pin", label="PIN", value="****", secret=True))
    handover = Handover(summary="Asks where the parcel is.", language="en", facts=facts)
    assert handover.short() == "Asks where the parcel is.; Order: SF12345678; PIN: ****"


def test_short_form_fits_whatever_the_language_and_splits_no_character() -> None:
    short = Handover(summary="客户询问包裹在哪里" * 20, language="zh").short()
    assert SHORT_BYTES - 3 < len(short.encode()) <= SHORT_BYTES
    assert set(short) == set("客户询问包裹在哪里")


def test_what_a_caller_was_sent_on_with_is_a_note_for_who_answers() -> None:
    context = {"path": "Parcels > Late", "order_number": "SF1", "summary": "Asks where the parcel is."}
    assert note_of(context) == "Asks where the parcel is.\nParcels > Late\norder number: SF1"
    assert note_of({"path": "Parcels", "summary": ""}) == "Parcels"


def test_what_an_application_tells_the_pbx_alone_is_none() -> None:
    assert note_of({"intent": "invoice"}) is None
    assert note_of({"summary": ""}) is None


def test_a_transcript_is_for_people_and_a_pbx_is_told_the_rest_in_short_lines() -> None:
    context = {"summary": "Asks where\nit is. " * 40, "transcript": "< Welcome.\n> Where is it?"}
    assert (note_of(context) or "").endswith("\n< Welcome.\n> Where is it?")
    told = for_pbx(context)
    assert told.keys() == {"summary"}
    assert told["summary"].startswith("Asks where it is. Asks")
    assert len(told["summary"].encode()) == SHORT_BYTES
