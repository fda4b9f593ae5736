import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from gateway.model.errors import StoreError, StoreTakenError, StoreUnavailableError
from gateway.store.engines import engine_of, told_plainly
from gateway.store.urls import parse_url


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (OSError(111, "Connection refused"), "Connection refused"),
        (TimeoutError(), "db: TimeoutError"),
        (OperationalError("INSERT", {}, Exception("database or disk is full")), "db: the disk is full"),
        (OperationalError("INSERT", {}, Exception("No space left on device")), "db: the disk is full"),
    ],
)
async def test_what_a_database_does_to_us_is_one_error(error: Exception, text: str) -> None:
    with pytest.raises(StoreUnavailableError, match=text):
        async with told_plainly("db"):
            raise error


async def test_what_is_there_already_was_written_by_somebody_else() -> None:
    with pytest.raises(StoreTakenError, match="somebody else has written"):
        async with told_plainly("db"):
            raise IntegrityError("INSERT", {}, Exception("UNIQUE constraint failed"))


@pytest.mark.parametrize(
    ("error", "text"),
    [
        ("invalid input for query argument $2: '+8613800138000' (expected str, got int)", "invalid input for query argument $2"),
        ("null value in column x\nDETAIL: Failing row contains (+8613800138000).", "null value in column x"),
    ],
)
@pytest.mark.parametrize("kind", [OperationalError, IntegrityError])
async def test_no_error_quotes_what_was_to_be_kept(kind: type[DBAPIError], error: str, text: str) -> None:
    """What it says stands in the log, and the value may be a caller's number."""
    with pytest.raises(StoreError) as told:
        async with told_plainly("db"):
            raise kind("INSERT", {}, Exception(error))

    assert "138000" not in str(told.value)
    assert text in str(told.value)


async def test_a_reader_sees_one_moment(url: str) -> None:
    """A backup reads table after table while the gateway writes."""
    engine = engine_of(parse_url(url))
    async with engine.begin() as connection:
        await connection.execute(sa.text("CREATE TABLE t (x INTEGER)"))
    level = "REPEATABLE READ" if "postgres" in url else "SERIALIZABLE"
    reading = await (await engine.connect()).execution_options(isolation_level=level)
    assert await reading.scalar(sa.text("SELECT count(*) FROM t")) == 0
    async with engine.begin() as connection:
        await connection.execute(sa.text("INSERT INTO t VALUES (1)"))
    assert await reading.scalar(sa.text("SELECT count(*) FROM t")) == 0
    await reading.close()
    await engine.dispose()
