import msgspec
import pytest

from connectors.webchat.settings import WebchatSettings


def test_nothing_needs_to_be_said() -> None:
    assert msgspec.convert({}, WebchatSettings) == WebchatSettings()


def test_all_can_be_said() -> None:
    settings = msgspec.convert(
        {
            "origins": ["https://www.example.com", "*.example.com"],
            "title": {"en": "Parcel help", "zh": "快递客服"},
            "messages": {"per_second": 2, "burst": 4},
        },
        WebchatSettings,
    )

    assert (settings.title["zh"], settings.messages.burst) == ("快递客服", 4)


@pytest.mark.parametrize(
    "wrong",
    [
        {"origins": ["*"]},
        {"origins": ["https://www.example.com/shop"]},
        {"title": {"fr": "Aide"}},
        {"orgins": []},
        {"max_visitors": 0},
    ],
)
def test_what_is_wrong_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, WebchatSettings)
