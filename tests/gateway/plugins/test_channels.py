from pathlib import Path
from random import Random

import pytest
from support.gateways import Parts
from support.memory_conversations import MemoryConversations
from support.virtual_time import clock

from connectors.webchat.settings import WebchatSettings
from gateway.model.conversation_rules import ConversationRules
from gateway.model.errors import ConfigurationError
from gateway.model.ids import DEFAULT_TENANT
from gateway.plugins.channels import ChannelEntry, Channels
from gateway.session.conversations import Conversations


def conversations() -> Conversations:
    return Conversations(
        MemoryConversations(),
        Parts().committer,
        tenant=DEFAULT_TENANT,
        rules=ConversationRules(),
        now=clock,
        random_bytes=Random(1).randbytes,
    )


def test_a_channels_routes_are_the_gateways(tmp_path: Path) -> None:
    channels = Channels([ChannelEntry(channel="webchat", settings=WebchatSettings())], [], conversations(), tmp_path)
    assert "/webchat/ws" in [route.path for route in channels.routes()]  # type: ignore[attr-defined]  # routes with a path
    assert Channels([], [], conversations(), tmp_path).routes() == []


def test_what_talks_with_callers_only_answers_no_visitor(tmp_path: Path) -> None:
    entry = ChannelEntry(channel="webchat", application="line_test", settings=WebchatSettings())
    with pytest.raises(ConfigurationError, match="line_test talks with callers only"):
        Channels([entry], [], conversations(), tmp_path)
