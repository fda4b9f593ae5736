from ivr.understanding.sounds import installed, sounds_of


def test_what_sounds_alike_is_written_alike() -> None:
    assert installed()
    assert sounds_of("查快递") == sounds_of("茶筷地")
    assert sounds_of("发票") != sounds_of("退款")
    assert sounds_of("no chinese") == ""
