from ivr.slots.spans import plain


def test_full_width_characters_become_plain_each_at_its_place() -> None:
    text = "单号ＳＦ１２，㈱ ½"

    assert plain(text) == "单号SF12,㈱ ½"
    assert len(plain(text)) == len(text)
