"""The composition root: settings in, a running gateway out."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from random import Random
from secrets import token_bytes
from typing import Final

import structlog
from aiohttp import web

from gateway.api.access_figures import AccessFigures
from gateway.api.agent_control import AgentControl
from gateway.api.agents import Agents
from gateway.api.audit import Audit
from gateway.api.auth import DemoAuthenticator, authenticator_of, limits_of
from gateway.api.call_control import CallControl
from gateway.api.calls import Calls
from gateway.api.command_figures import CommandFigures
from gateway.api.conversation_figures import ConversationFigures
from gateway.api.conversations import Conversations as ConversationsApi
from gateway.api.crm_callbacks import callback_routes
from gateway.api.crm_figures import CrmFigures
from gateway.api.crms import CrmsApi
from gateway.api.customer_calls import CustomerCalls
from gateway.api.customer_conversations import CustomerConversations
from gateway.api.customers import Customers
from gateway.api.dial_rules import DialRulesShown
from gateway.api.documents import Documents
from gateway.api.doors import PLACES_DAYS, Doors
from gateway.api.embed import embed_routes
from gateway.api.guard import MAX_BODY_BYTES, PUBLIC, guard, limited
from gateway.api.health import Health
from gateway.api.listening import listen
from gateway.api.notes import Notes
from gateway.api.operations import Group, operations_of, routes_of
from gateway.api.queues import Queues
from gateway.api.recording_figures import RecordingFigures
from gateway.api.recordings import Recordings as RecordingsApi
from gateway.api.stream import Stream
from gateway.api.surroundings import SURROUNDINGS, Surroundings, networks_of
from gateway.api.tls import ServedCertificate
from gateway.api.tokens import Tokens
from gateway.api.webhook_figures import WebhookFigures
from gateway.api.webhooks import Webhooks
from gateway.api.workplace import workplace_groups
from gateway.crm.activities import Sounds
from gateway.crm.making import crm_service
from gateway.model.errors import ConfigurationError
from gateway.model.ids import DEFAULT_TENANT, PbxName
from gateway.plugins.channels import Channels
from gateway.plugins.voice import Voices
from gateway.ports.connector import Connector
from gateway.recordings.service import Recordings
from gateway.session.callers import Callers
from gateway.session.command_book import CommandBook
from gateway.session.command_orders import Orders
from gateway.session.committer import Committer
from gateway.session.conversation_book import ConversationBook
from gateway.session.conversation_counts import CountedConversations
from gateway.session.conversations import Conversations
from gateway.session.customers import CustomerBook
from gateway.session.dispatcher import Dispatcher
from gateway.session.engine import Engine
from gateway.session.first_legs import FirstLegs
from gateway.session.floor import Floor
from gateway.session.hub import Hub
from gateway.session.retention import Kept, Retention
from gateway.session.sights import Sights
from gateway.session.supervisor import Supervisor
from gateway.session.visitors import Visitors
from gateway.session.workplace import Workplace
from gateway.settings.api import is_loopback
from gateway.settings.connectors import connector_of
from gateway.settings.crms import adapter_of
from gateway.settings.folders import state_folder
from gateway.settings.values import ConnectorEntry, Settings
from gateway.store.access_log import SqlAccessLog
from gateway.store.agents import SqlAgents
from gateway.store.callbacks import SqlCallbacks
from gateway.store.commands import SqlCommands
from gateway.store.conversations import SqlConversations
from gateway.store.crm import SqlCrmLog
from gateway.store.customers import SqlCustomers
from gateway.store.desk import SqlDesk
from gateway.store.opening import database_of, open_patiently, store_of
from gateway.store.recordings import SqlRecordings
from gateway.store.tokens import SqlTokens
from gateway.store.users import SqlUsers
from gateway.store.webhooks import SqlWebhooks
from gateway.web import BAR
from gateway.web import routes as page_routes
from gateway.webhooks.endpoints import Endpoints
from gateway.webhooks.sender import Sender

STOP_TIMEOUT_S: Final = 5.0
"""Seconds that requests, listeners and connectors have to end in when the gateway stops."""

_log = structlog.get_logger()


class Gateway:
    """All parts of a gateway, put together.

    Raises:
        ConfigurationError: The certificate cannot be used, or the demo would be reached from elsewhere.
    """

    def __init__(self, settings: Settings, *, now: Callable[[], float] = time.time) -> None:
        if settings.is_demo and not is_loopback(settings.api.host):
            raise ConfigurationError("without a configuration everybody may everything, so it is served on loopback only")
        self.settings = settings
        self._now = now
        sites = {entry.pbx: entry.site for entry in settings.connectors}
        state_dir = state_folder(settings.state_dir)
        self.database = database_of(settings.store.url, settings.store.password, state_dir)
        self.store = store_of(self.database, now=now)
        self.tokens = SqlTokens(self.database)
        rates = settings.api.limits
        self.limits = limits_of(rates.per_address, rates.per_token, rates.wrong_tokens, rates.wrong_passwords)
        self.authenticator = None if settings.is_demo else authenticator_of(self.tokens, self.limits, now)
        tls = settings.api.tls
        self.certificate = None if tls is None else ServedCertificate(Path(tls.certificate), Path(tls.key), now=now)
        self.hub = Hub(kept=settings.keep.events, log=self.store)
        self.committer = Committer(self.store, self.hub, now=now)
        self.engine = Engine(self.committer, sites, now=now)
        self.sights = Sights(self.engine)
        self.access_log = SqlAccessLog(self.database)
        self.users = SqlUsers(self.database)
        self.doors = Doors(
            self.users,
            self.access_log,
            self.authenticator or DemoAuthenticator(),
            rules=settings.api.sessions,
            limits=self.limits,
            queues_of=self.sights.queues_of,
            sites=sites,
            providers=settings.api.oidc,
            demo_pbx=settings.connectors[0].pbx if settings.is_demo else None,
            now=now,
            clock=time.monotonic,
            random_bytes=token_bytes,
        )
        self.customers = CustomerBook(
            SqlCustomers(self.database),
            self.committer,
            tuple(dict.fromkeys(sites.values())),
            tenant=DEFAULT_TENANT,
            now=now,
            random_bytes=token_bytes,
        )
        self.webhooks = Endpoints(
            SqlWebhooks(self.database),
            self.hub,
            Sender(settings.webhooks.allow, timeout_s=settings.webhooks.timeout_s, clock=time.monotonic, now=now),
            tenant=DEFAULT_TENANT,
            allowed=settings.webhooks.allow,
            now=now,
            random_bytes=token_bytes,
            jitter=Random(),  # noqa: S311  # spreads retries, guards nothing
        )
        self.callers = Callers(self.engine, self.hub, self.customers.people, self.committer, now=now)
        self.supervisor = Supervisor(
            {entry.pbx: partial(self._connector, entry, state_dir / entry.pbx) for entry in settings.connectors},
            self.engine,
            now=now,
            sleep=asyncio.sleep,
            jitter=Random(),  # noqa: S311  # spreads restarts, guards nothing
        )
        self.floor = Floor(self.engine, self.store, SqlAgents(self.database), self.committer, self.supervisor.connector, now=now)
        self.recordings = Recordings(
            settings.recordings,
            state_dir,
            self.store,
            SqlRecordings(self.database),
            self.hub,
            self.committer,
            calls_days=settings.store.calls_days,
            now=now,
            sleep=asyncio.sleep,
        )
        self.command_log = SqlCommands(self.database)
        self.command_book = CommandBook(self.command_log, self.committer, now=now)
        self.dispatcher = Dispatcher(
            Orders(self.engine, self.store, settings.dialling, self.supervisor.connector, now=now),
            self.command_book,
            self.engine,
            FirstLegs(self.engine, self.hub, self.store),
            now=now,
            entropy=token_bytes,
        )
        self.conversations = CountedConversations(SqlConversations(self.database))
        self.workplace = Workplace(
            settings.desk,
            SqlDesk(self.database),
            SqlCallbacks(self.database),
            self.users,
            self.store,
            self.conversations,
            self.engine,
            self.hub,
            self.committer,
            self.customers,
            self.dispatcher,
            now=now,
            random_bytes=token_bytes,
        )
        self.visitors = Visitors(self.conversations, self.hub, self.customers)
        self.chats = Conversations(
            self.conversations,
            self.committer,
            tenant=DEFAULT_TENANT,
            rules=settings.conversations,
            now=now,
            random_bytes=token_bytes,
        )
        self.channels = Channels(settings.channels, settings.applications, self.chats, state_dir)
        self.voices = Voices(
            settings.media, self.engine, self.dispatcher, self.workplace.notes, settings.applications, state_dir=state_dir
        )
        self.address = ""
        sounds = Sounds(SqlRecordings(self.database).of_calls, self.recordings.library, lambda: self.address)
        live = (self.engine, self.hub, self.committer)
        self.crms = crm_service(
            (settings.crms, adapter_of, SqlCrmLog(self.database), self.store),
            (self.customers, self.users, self.workplace.notes, sounds),
            self.dispatcher,
            live,
            now=now,
        )
        keeps = [
            Kept("calls told to CRMs", settings.store.calls_days, self.crms.prune),
            Kept("calls", settings.store.calls_days, self.store.prune_calls),
            Kept("conversations", settings.store.calls_days, self.conversations.prune),
            Kept("events", settings.store.events_days, self.store.prune_events),
            Kept("commands", settings.store.audit_days, self.command_log.prune),
            Kept("lines of who came in", settings.store.audit_days, self.access_log.prune),
            Kept("sessions", settings.api.sessions.days + PLACES_DAYS, self.doors.prune),
            Kept("webhook messages", settings.webhooks.dead_days, self.webhooks.prune),
            *self.recordings.kept,
            *self.workplace.kept(settings.store.calls_days),
        ]
        self.retention = Retention(keeps, now=now, sleep=asyncio.sleep)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """Run until the context ends; yields the address of the page.

        Raises:
            ConfigurationError: The address to listen at is taken or none of ours.
            StoreError: The store cannot be used.
        """
        try:
            await open_patiently(self.store)
            self.hub.go_on_after(await self.store.last_position())
            await self.engine.restore(self.store)
            await self.webhooks.load()
            await self.floor.restore()
            await self.dispatcher.restore()
            await self.doors.prepare()
            async with self._serving() as address:
                yield address
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(STOP_TIMEOUT_S):
                    await self.doors.authenticator.flush()
                    if self.authenticator is not None:
                        await self.authenticator.flush()
            await self.store.close()

    @asynccontextmanager
    async def _serving(self) -> AsyncIterator[str]:
        runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=STOP_TIMEOUT_S)
        await runner.setup()
        try:
            self.address = address = await listen(runner, self.settings.api, self.certificate)
            async with asyncio.TaskGroup() as tasks:
                committer = tasks.create_task(self.committer.run(), name="committer")
                engine = tasks.create_task(self.engine.run(), name="engine")
                supervisor = tasks.create_task(self.supervisor.run(), name="supervisor")
                retention = tasks.create_task(self.retention.run(), name="retention")
                watchers = [
                    tasks.create_task(watcher.run(), name=type(watcher).__name__)
                    for watcher in (self.authenticator, self.doors.authenticator, self.certificate)
                    if watcher is not None
                ]
                # What follows the events, and ends when no more come.
                knowing = (self.callers, self.visitors, self.floor, self.dispatcher, self.workplace)
                telling = (self.webhooks, self.crms, self.recordings)
                followers = [tasks.create_task(part.run(), name=type(part).__name__) for part in (*knowing, *telling)]
                voices = tasks.create_task(self.voices.run(), name="voices")
                chats = [tasks.create_task(part.run(), name=type(part).__name__) for part in (self.channels, self.chats)]
                try:
                    yield address
                finally:
                    await runner.cleanup()
                    voices.cancel()
                    for chat in chats:
                        chat.cancel()
                    supervisor.cancel()
                    # What the connectors still bring while they stop is applied, and kept where the store works.
                    await asyncio.wait([supervisor], timeout=STOP_TIMEOUT_S)
                    engine.cancel()
                    await asyncio.wait([engine])
                    with suppress(TimeoutError):
                        async with asyncio.timeout(STOP_TIMEOUT_S):
                            await self.committer.settled()
                    for follower in (*followers, *watchers):
                        follower.cancel()
                    retention.cancel()
                    committer.cancel()
        finally:
            await runner.cleanup()

    def _application(self) -> web.Application:
        api = self.settings.api
        limit = limited(self.limits["address"], now=time.monotonic)
        application = web.Application(middlewares=[guard, limit], client_max_size=MAX_BODY_BYTES)
        # By which names and through which proxies the gateway is reached.
        names = frozenset(name.lower() for name in api.names)
        application[SURROUNDINGS] = Surroundings(
            names=names, proxies=networks_of(api.behind_proxy), encrypted=api.tls is not None
        )
        plugins: Mapping[PbxName, str] = {entry.pbx: entry.plugin for entry in self.settings.connectors}
        authenticator = self.doors.authenticator
        stream = Stream(self.hub, authenticator, self.sights)
        sites = {entry.pbx: entry.site for entry in self.settings.connectors}
        queues = Queues(self.engine, self.hub, self.floor, self.sights, self.settings.desk)
        customer_calls = CustomerCalls(self.customers, self.store, sites)
        customer_conversations = CustomerConversations(self.customers, self.conversations)
        # All that the API does: what stands here is served, described at /openapi.json and tried by schemathesis.
        groups: list[Group] = [
            Health(
                self.engine,
                self.hub,
                self.committer,
                self.store,
                open_metrics=api.metrics_without_token,
                recording_alarms=lambda: self.recordings.library.alarms,
                figures=[
                    AccessFigures(self.limits, self.authenticator),
                    CommandFigures(self.dispatcher),
                    ConversationFigures(self.conversations, (self.channels.counts, self.voices.counts), now=self._now),
                    RecordingFigures(self.recordings.library),
                    WebhookFigures(self.webhooks),
                    CrmFigures(self.crms.figures.all),
                ],
            ),
            *self.doors.groups(),
            Tokens(self.tokens, self.authenticator, now=self._now, random_bytes=token_bytes),
            Calls(self.engine, self.hub, self.store, plugins, self.sights, self.customers.people),
            Agents(self.engine, self.hub, self.floor, self.settings.desk),
            queues,
            Customers(self.customers, customer_calls, customer_conversations),
            Notes(self.customers),
            customer_calls,
            *workplace_groups(
                self.workplace,
                self.engine,
                self.hub,
                self.store,
                customer_calls,
                queues,
                self.sights,
                self.floor,
                self.dispatcher,
                self.supervisor.connector,
                now=self._now,
                crm_matches=self.crms.matches_of,
            ),
            ConversationsApi(ConversationBook(self.chats, self.sights), self.workplace.notes, self.customers.people),
            customer_conversations,
            Webhooks(self.webhooks),
            CrmsApi(self.crms),
            CallControl(self.dispatcher),
            AgentControl(self.dispatcher),
            DialRulesShown(self.settings.dialling, sites),
            RecordingsApi(self.recordings.library, now=self._now),
            Audit(self.command_book, self.command_log),
        ]
        operations = operations_of(groups)
        operations += Documents(operations).operations()
        application.add_routes(routes_of(operations, authenticator))
        application.add_routes(stream.routes())
        application.add_routes(self.doors.routes())
        application.add_routes(page_routes())
        # What pages and programs of others ask for without a token of ours.
        public = [*self.channels.routes(), *callback_routes(self.crms), *embed_routes(api.embed, BAR)]
        application[PUBLIC] = frozenset(application.add_routes(public))
        application.on_shutdown.append(stream.close)
        return application

    def _connector(self, entry: ConnectorEntry, state_dir: Path) -> Connector:
        return self.voices.serve(connector_of(entry, state_dir))
