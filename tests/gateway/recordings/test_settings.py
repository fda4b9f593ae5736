import msgspec
import pytest

from gateway.recordings.settings import RecordingSettings, SourceSettings


@pytest.mark.parametrize(
    ("given", "kinds"),
    [
        ({}, 0),
        ({"folder": "/mnt"}, 1),
        ({"folder": "/mnt", "http": {"url": "https://pbx.example/monitor"}}, 2),
    ],
)
def test_the_ways_to_a_pbx_are_counted(given: dict[str, object], kinds: int) -> None:
    assert msgspec.convert({"pbx": "one"} | given, SourceSettings).kinds == kinds


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"folder": "relative"}, "$.folder"),
        ({"days": 0}, "$.days"),
        ({"s3": {"bucket": "Bad Bucket", "access_key": "a", "secret_key": "b"}}, "$.s3.bucket"),
        ({"sources": [{"pbx": "one", "http": {"url": "https://user:secret@pbx.example"}}]}, "$.sources[0].http.url"),
        ({"sources": [{"pbx": "one", "http": {"url": "ftp://pbx.example"}}]}, "$.sources[0].http.url"),
        ({"sources": [{"pbx": "one", "strip": "monitor"}]}, "$.sources[0].strip"),
    ],
)
def test_what_cannot_be_meant_is_refused(given: dict[str, object], path: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(given, RecordingSettings, dec_hook=lambda wanted, value: wanted(value))
    assert f"`{path}`" in str(caught.value)
