"""All that agents work with beside the calls themselves: notes and dispositions, calls to return, the time after a call."""

import asyncio
from collections.abc import Callable

from gateway.model.desk import DeskRules
from gateway.model.ids import DEFAULT_TENANT
from gateway.ports.callbacks import CallbackStore
from gateway.ports.conversations import ConversationStore
from gateway.ports.desk import DeskStore
from gateway.ports.store import Store
from gateway.ports.users import Users
from gateway.session.acquaintances import Acquaintances
from gateway.session.after_call import AfterCall
from gateway.session.callbacks import CallbackBook
from gateway.session.committer import Committer
from gateway.session.customers import CustomerBook
from gateway.session.desk import DeskBook
from gateway.session.dispatcher import Dispatcher
from gateway.session.engine import Engine
from gateway.session.hub import Hub
from gateway.session.retention import Kept


class Workplace:
    """One tenant's agents' work.

    Args:
        rules: How calls come to an agent, and what follows them.
        desk_store: Where notes and dispositions are kept.
        callback_store: Where calls to return are kept.
        users: Has who sits at which extension.
        calls: Has the calls that have ended.
        conversations: Has what customers wrote.
        customers: Whose notes they become.
        dispatcher: Has agents paused.
        now: Seconds since the epoch.
        random_bytes: Gives so many bytes that nobody can foresee, for ids.
    """

    def __init__(
        self,
        rules: DeskRules,
        desk_store: DeskStore,
        callback_store: CallbackStore,
        users: Users,
        calls: Store,
        conversations: ConversationStore,
        engine: Engine,
        hub: Hub,
        committer: Committer,
        customers: CustomerBook,
        dispatcher: Dispatcher,
        *,
        now: Callable[[], float],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self.rules = rules
        sites = {name: state.site for name, state in engine.pbxs.items()}
        self.notes = DeskBook(
            desk_store, calls, customers, committer, sites, tenant=DEFAULT_TENANT, now=now, random_bytes=random_bytes
        )
        self.callbacks = CallbackBook(
            callback_store, users, calls, engine, hub, committer, tenant=DEFAULT_TENANT, now=now, random_bytes=random_bytes
        )
        self.acquaintances = Acquaintances(engine, hub, calls, conversations, customers, self.notes, now=now)
        self.after_call = AfterCall(engine, dispatcher, rules, now=now)

    def kept(self, days: float) -> list[Kept]:
        """Return what is kept for so many days."""
        return [Kept("notes on calls", days, self.notes.prune), Kept("calls to return", days, self.callbacks.prune)]

    async def run(self) -> None:
        """Do what is done without being asked, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.notes.run(), name="workplace.notes")
            tasks.create_task(self.acquaintances.run(), name="workplace.acquaintances")
            tasks.create_task(self.callbacks.run(), name="workplace.callbacks")
            tasks.create_task(self.after_call.run(), name="workplace.after_call")
