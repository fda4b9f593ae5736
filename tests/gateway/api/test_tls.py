import asyncio
import shutil
import ssl
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from support.certificates import Certificates
from support.virtual_time import in_virtual_time

from gateway.api.tls import LOOK_EVERY_S, WARN_DAYS, CertificateError, ServedCertificate, load

DAY_S = 86_400.0


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def files(made: Certificates, tmp_path: Path) -> tuple[Path, Path]:
    """A certificate and its key, in files of their own."""
    for ending in ("crt", "key"):
        shutil.copy(made.server.with_suffix(f".{ending}"), tmp_path)
    return tmp_path / "server.crt", tmp_path / "server.key"


def openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def signed(folder: Path, begins: str, ends: str) -> tuple[Path, Path]:
    """A certificate of its own authority, valid from then to then (``20010101000000Z``), and its key."""
    certificate, key, config = folder / "own.pem", folder / "own.key", folder / "own.cnf"
    openssl("genpkey", "-algorithm", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
    openssl("req", "-new", "-key", key, "-subj", "/CN=own", "-out", folder / "own.csr")
    (folder / "index.txt").write_text("")
    config.write_text(
        f"[ca]\ndefault_ca=own\n[own]\ndatabase={folder}/index.txt\nnew_certs_dir={folder}\nrand_serial=yes\n"
        "default_md=sha256\npolicy=any\n[any]\ncommonName=supplied\n"
    )
    openssl(
        "ca", "-batch", "-selfsign", "-config", config, "-keyfile", key, "-in", folder / "own.csr",
        "-startdate", begins, "-enddate", ends, "-notext", "-out", certificate,
    )  # fmt: skip
    return certificate, key


def ending_in(folder: Path, days: float) -> tuple[Path, Path]:
    return signed(folder, "20010101000000Z", time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + days * DAY_S)))


def test_a_certificate_that_works_says_for_whom_and_until_when(files: tuple[Path, Path]) -> None:
    certificate = load(*files)

    assert certificate.names == {"127.0.0.1", "pbx.example"}
    assert certificate.ends_at == ssl.cert_time_to_seconds(
        subprocess.run(["openssl", "x509", "-noout", "-enddate", "-in", files[0]], check=True, capture_output=True, text=True)
        .stdout.strip()
        .removeprefix("notAfter=")
    )


def test_one_file_may_hold_both(made: Certificates) -> None:
    assert load(made.server, made.server).names == {"127.0.0.1", "pbx.example"}


def refused(certificate: Path, key: Path) -> tuple[str, str]:
    with pytest.raises(CertificateError) as error:
        load(certificate, key)
    return error.value.key, str(error.value)


def test_what_is_not_there_is_named(files: tuple[Path, Path], tmp_path: Path) -> None:
    gone = tmp_path / "gone.pem"

    assert refused(gone, files[1]) == (
        "certificate",
        f"{gone} cannot be read: No such file or directory. Name a PEM file that exists and that this user may read",
    )
    assert refused(files[0], tmp_path)[1].startswith(f"{tmp_path} cannot be read: Is a directory")


def test_the_key_of_another_certificate_is_refused(files: tuple[Path, Path], made: Certificates) -> None:
    other = made.client.with_suffix(".key")

    assert refused(files[0], other) == (
        "key",
        f"{other} is not the key of {files[0]}. Name the key that the certificate was made for",
    )


def test_what_is_no_pem_is_refused(files: tuple[Path, Path], tmp_path: Path) -> None:
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("nonsense")

    key, text = refused(nonsense, files[1])
    assert (key, text.partition(". ")[0]) == ("certificate", f"{nonsense} holds no certificate")
    key, text = refused(files[1], files[1])
    assert (key, text.partition(". ")[0]) == ("certificate", f"{files[1]} holds no certificate")
    for wrong in (nonsense, files[0]):
        key, text = refused(files[0], wrong)
        assert (key, text) == ("key", f"{wrong} holds no key. Name a PEM file, with lines such as -----BEGIN PRIVATE KEY-----")


def test_a_key_with_a_password_is_refused_and_nobody_is_asked(files: tuple[Path, Path], tmp_path: Path) -> None:
    locked = tmp_path / "locked.key"
    openssl("pkey", "-in", files[1], "-aes256", "-passout", "pass:hunter2", "-out", locked)

    assert refused(files[0], locked) == (
        "key",
        f"{locked} has a password. Take it off: openssl pkey -in {locked} -out NEW",
    )


def test_an_expired_certificate_is_refused(tmp_path: Path) -> None:
    certificate, key = signed(tmp_path, "20010101000000Z", "20020101000000Z")

    assert refused(certificate, key) == ("certificate", f"{certificate} has expired. Renew it")


def test_a_certificate_of_the_future_is_refused(tmp_path: Path) -> None:
    certificate, key = signed(tmp_path, "20990101000000Z", "21000101000000Z")

    assert refused(certificate, key) == (
        "certificate",
        f"{certificate} is not valid yet. Wait, or set this machine's clock",
    )


def test_a_certificate_of_a_client_is_refused(made: Certificates) -> None:
    key, text = refused(made.client, made.client)

    assert key == "certificate"
    assert text.startswith(f"{made.client} would be refused by every client: ")


@asynccontextmanager
async def listening(served: ServedCertificate) -> AsyncIterator[int]:
    """A server that says one line to whoever comes."""

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"well\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=served.context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def shown(port: int, name: str | None = None) -> bytes:
    """The certificate (DER) that a client gets, which asks for this name or for none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=name or "")
    certificate: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    assert await reader.readline() == b"well\n"
    writer.close()
    await writer.wait_closed()
    return certificate


def der(file: Path) -> bytes:
    return ssl.PEM_cert_to_DER_cert(file.read_text())


@pytest.mark.parametrize("name", ["pbx.example", None])
async def test_a_new_certificate_is_served_without_a_restart(
    files: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory, name: str | None
) -> None:
    served = ServedCertificate(*files, now=time.time)
    first = der(files[0])
    async with listening(served) as port:
        assert await shown(port, name) == first
        for new, old in zip(ending_in(tmp_path_factory.mktemp("new"), 100), files, strict=True):
            shutil.copy(new, old)
        await served.reload()
        assert await shown(port, name) == der(files[0]) != first


async def test_a_new_certificate_that_does_not_work_leaves_the_old_one(files: tuple[Path, Path], made: Certificates) -> None:
    served = ServedCertificate(*files, now=time.time)
    shutil.copy(made.client.with_suffix(".key"), files[1])
    async with listening(served) as port:
        with capture_logs() as logs:
            await served.reload()
        assert await shown(port) == der(files[0])

    assert [(line["event"], line["log_level"]) for line in logs] == [("certificate_refused", "error")]
    assert "is not the key of" in logs[0]["reason"]


@in_virtual_time
async def test_files_that_change_are_taken_anew() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = ending_in(folder, 100)
        served = ServedCertificate(*files, now=time.time)
        first = served.current
        with capture_logs() as logs:
            watching = asyncio.create_task(served.run())
            await asyncio.sleep(LOOK_EVERY_S * 3.5)
            assert served.current is first
            ending_in(folder, 200)
            await asyncio.sleep(LOOK_EVERY_S * 1.5)
            second = served.current
            served.look_again()
            await asyncio.sleep(LOOK_EVERY_S / 10)
            assert served.current is not second
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

        assert served.current.ends_at - first.ends_at == pytest.approx(100 * DAY_S, abs=60)
        assert [line["event"] for line in logs] == ["certificate_loaded"] * 2
        assert logs[0]["ends_in_days"] == pytest.approx(200, abs=0.2)


@in_virtual_time
async def test_the_end_of_a_certificate_is_warned_of_once_a_day() -> None:
    began, loop = time.time(), asyncio.get_running_loop()
    with tempfile.TemporaryDirectory() as name, capture_logs() as logs:
        served = ServedCertificate(*ending_in(Path(name), WARN_DAYS + 1), now=lambda: began + loop.time())
        watching = asyncio.create_task(served.run(look_every_s=DAY_S / 4))
        await asyncio.sleep(3.6 * DAY_S)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)

    assert [line["event"] for line in logs] == ["certificate_ends"] * 3
    assert [round(line["ends_in_days"]) for line in logs] == [14, 13, 12]
