"""Puts a gateway's CRMs together."""

from collections.abc import Callable, Sequence
from random import Random

from gateway.crm.activities import Sounds
from gateway.crm.clicks import clicker
from gateway.crm.entries import CrmEntry
from gateway.crm.service import CrmService
from gateway.model.ids import DEFAULT_TENANT
from gateway.ports.crm import CrmAdapter, CrmSurroundings
from gateway.ports.crm_log import CrmLog
from gateway.ports.store import Store
from gateway.ports.users import Users
from gateway.session.committer import Committer
from gateway.session.customers import CustomerBook
from gateway.session.desk import DeskBook
from gateway.session.dispatcher import Dispatcher
from gateway.session.engine import Engine
from gateway.session.hub import Hub


def crm_service(
    made_of: tuple[Sequence[CrmEntry], Callable[[CrmEntry, CrmSurroundings], CrmAdapter], CrmLog, Store],
    people: tuple[CustomerBook, Users, DeskBook, Sounds],
    dispatcher: Dispatcher,
    live: tuple[Engine, Hub, Committer],
    *,
    now: Callable[[], float],
) -> CrmService:
    """Return all CRMs of a gateway, not at work yet; see :class:`gateway.crm.service.CrmService`."""
    entries, create, log, calls = made_of
    customers, users, desk, sounds = people
    engine, hub, committer = live
    return CrmService(
        entries,
        create,
        log=log,
        calls=calls,
        customers=customers,
        users=users,
        desk=desk,
        sounds=sounds,
        engine=engine,
        hub=hub,
        committer=committer,
        dial=clicker(dispatcher),
        tenant=DEFAULT_TENANT,
        now=now,
        jitter=Random(),  # noqa: S311  # spreads retries, guards nothing
    )
