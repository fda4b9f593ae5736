from connectors.sip import wire


def test_no_password_is_in_a_log() -> None:
    account = wire.SipAccount(
        name="trunk", identity="sip:t@pbx", registrar=None, target="sip:pbx", user="t", password="s3cret-of-the-trunk"
    )
    assert "trunk" in repr(account)
    assert "s3cret" not in repr([account])
