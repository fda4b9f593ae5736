from hashlib import sha256
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from support.recording_servers import S3Server
from support.recordings import BEGAN_AT

from gateway.model.errors import StorageError, StorageFullError
from gateway.model.secret import Secret
from gateway.recordings.s3 import S3Storage
from gateway.recordings.signing import EMPTY_SHA256, signed

KEY = "default/2026/11/22/01ABC.wav"


def storage_of(s3: S3Server, tmp_path: Path, **changes: Any) -> S3Storage:
    return S3Storage(s3.settings(prefix=f"{tmp_path.name}/", **changes), tmp_path, timeout_s=10.0, now=lambda: BEGAN_AT)


async def put(storage: S3Storage, tmp_path: Path, digest: str | None = None) -> None:
    file = tmp_path / "a.part"
    file.write_bytes(b"abc")
    try:
        await storage.put(KEY, file, sha256=sha256(b"abc").hexdigest() if digest is None else digest, media_type="audio/wav")
    finally:
        await storage.close()


async def test_the_server_is_asked_to_encrypt_and_told_what_it_is(s3: S3Server, tmp_path: Path) -> None:
    await put(storage_of(s3, tmp_path, encryption="AES256"), tmp_path)
    path = f"/recordings/{tmp_path.name}/{KEY}"
    host = s3.endpoint.removeprefix("http://")
    headers = signed(
        "HEAD",
        host,
        path,
        {},
        access_key=s3.access_key,
        secret_key=s3.secret_key,
        region="us-east-1",
        sha256_of_body=EMPTY_SHA256,
        at=BEGAN_AT,
    )
    async with aiohttp.ClientSession() as session, session.head(s3.endpoint + path, headers=headers) as response:
        assert response.status == 200
        assert response.headers["x-amz-server-side-encryption"] == "AES256"
        assert response.headers["Content-Type"] == "audio/wav"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"secret_key": Secret("wrong")}, r"answers 403 .*SignatureDoesNotMatch.*check recordings.s3.access_key"),
        ({"access_key": "nobody"}, r"answers 403 .*check recordings.s3.access_key"),
        ({"bucket": "no-such-bucket"}, r"answers 404 .*NoSuchBucket.*make the bucket, or correct recordings.s3.bucket"),
    ],
)
async def test_what_the_server_refuses_names_the_key_to_change(
    s3: S3Server, tmp_path: Path, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(StorageError, match=told):
        await put(storage_of(s3, tmp_path, **changes), tmp_path)


async def test_nobody_listens(s3: S3Server, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"http://127\.0\.0\.1:1/recordings/"):
        await put(storage_of(s3, tmp_path, endpoint="http://127.0.0.1:1"), tmp_path)


async def test_an_authority_that_cannot_be_read_is_named(s3: S3Server, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"recordings\.s3\.ca_file /none cannot be read"):
        await put(storage_of(s3, tmp_path, ca_file="/none"), tmp_path)


def test_a_server_without_room_is_told_apart(s3: S3Server, tmp_path: Path) -> None:
    assert isinstance(storage_of(s3, tmp_path)._refused(507, "<Code>XMinioStorageFull</Code>", KEY), StorageFullError)


def test_amazon_is_asked_where_no_other_server_is_named(s3: S3Server, tmp_path: Path) -> None:
    storage = storage_of(s3, tmp_path, endpoint=None, region="eu-central-1")
    assert storage.description == f"https://s3.eu-central-1.amazonaws.com/recordings/{tmp_path.name}/"
