import pytest

from connectors.freeswitch_esl.mapping.dialstring import attempts, device_of, error_of, is_helper, number_of, twin_name


@pytest.mark.parametrize(
    ("written", "endpoints"),
    [
        ("sofia/internal/1001@host,sofia/internal/1002@host", ["sofia/internal/1001@host", "sofia/internal/1002@host"]),
        ("{a=1,b=2}[leg_timeout=6]user/1001|user/1002", ["user/1001", "user/1002"]),
        ("<ignore_early_media=true>{x=,}sofia/gateway/carrier/8885551", ["sofia/gateway/carrier/8885551"]),
        ("user/1001:_:user/1002", ["user/1001", "user/1002"]),
        ("", []),
        ("{only=variables}", []),
    ],
)
def test_a_dial_string_is_its_endpoints(written: str, endpoints: list[str]) -> None:
    assert attempts(written) == endpoints


@pytest.mark.parametrize(
    ("name", "gateway", "device", "number"),
    [
        ("sofia/internal/1001@192.0.2.1:5060", "", "sofia/internal/1001", "1001"),
        ("sofia/internal/sip:1001@192.0.2.1", "", "sofia/internal/1001", "1001"),
        ("sofia/external/8885551", "carrier", "sofia/gateway/carrier", "8885551"),
        ("sofia/gateway/carrier/8885551", "", "sofia/gateway/carrier", "8885551"),
        ("sofia/gateway/carrier", "", "sofia/gateway/carrier", None),
        ("user/1001@example", "", "user/1001", "1001"),
        ("loopback/9196/default", "", "loopback/9196/default", "9196"),
        ("sofia/internal/1001%pbx.example", "", "sofia/internal/1001", "1001"),
        ("error/USER_BUSY", "", "error/USER_BUSY", None),
        ("garbage", "", "garbage", None),
    ],
)
def test_an_endpoint_is_a_device_and_a_number(name: str, gateway: str, device: str, number: str | None) -> None:
    assert device_of(name, gateway) == device
    assert number_of(name) == number


def test_loopback_legs_are_plumbing_with_a_twin() -> None:
    assert is_helper("loopback/9196-a")
    assert (twin_name("loopback/9196-a"), twin_name("loopback/9196-b")) == ("loopback/9196-b", "loopback/9196-a")
    assert twin_name("sofia/internal/1001-a") is None
    assert not is_helper("sofia/internal/loopback")
    assert is_helper("pickup/sales")


def test_an_endpoint_that_only_fails_names_its_cause() -> None:
    assert (error_of("error/user_busy"), error_of("user/1001")) == ("USER_BUSY", None)
