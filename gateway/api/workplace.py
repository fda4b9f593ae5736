"""What the API does for agents at work, put together."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gateway.api.callbacks import Callbacks
from gateway.api.cards import Cards
from gateway.api.customer_calls import CustomerCalls
from gateway.api.desk import DeskApi
from gateway.api.dispositions import Dispositions
from gateway.api.figures import Figures
from gateway.api.mailboxes import Mailboxes
from gateway.api.operations import Group
from gateway.api.queues import Queues
from gateway.model.ids import CallId, PbxName
from gateway.ports.connector import Connector
from gateway.ports.store import Store
from gateway.session.dispatcher import Dispatcher
from gateway.session.engine import Engine
from gateway.session.floor import Floor
from gateway.session.hub import Hub
from gateway.session.sights import Sights
from gateway.session.workplace import Workplace


def workplace_groups(
    workplace: Workplace,
    engine: Engine,
    hub: Hub,
    store: Store,
    customer_calls: CustomerCalls,
    queues: Queues,
    sights: Sights,
    floor: Floor,
    dispatcher: Dispatcher,
    connector: Callable[[PbxName], Connector | None],
    *,
    now: Callable[[], float],
    crm_matches: Callable[[CallId], Sequence[Mapping[str, Any]]] = lambda _: (),
) -> list[Group]:
    """Return the operations about desks, cards, dispositions, calls to return, mailboxes and the figures of the day."""
    known, notes = workplace.acquaintances, workplace.notes
    cards = Cards(engine, store, known, customer_calls, notes, workplace.rules, sights, connector, crm_matches)
    return [
        DeskApi(engine, hub, store, cards, queues, workplace, now=now),
        Dispositions(workplace.notes),
        Callbacks(workplace.callbacks, dispatcher),
        Figures(engine, floor, sights, workplace.rules),
        Mailboxes(engine, hub, sights),
    ]
