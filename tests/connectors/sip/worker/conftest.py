from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from rig.phone import Phone
from support.sip_workers import HOST, SipWorker, sip_worker, trunk


@pytest.fixture
async def worker(tmp_path: Path) -> AsyncIterator[SipWorker]:
    """A worker that is not configured."""
    async with sip_worker(tmp_path) as worker:
        yield worker


@pytest.fixture
async def phone(worker: SipWorker) -> AsyncIterator[Phone]:
    """A scripted telephone; the worker has a trunk to it."""
    phone = await Phone("1001", worker.address, HOST).open()
    await worker.configure(trunk(phone.port))
    yield phone
    await phone.close()
