"""How long conversations of text last, and how many, as it is configured."""

from typing import Annotated

import msgspec


class ConversationRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a conversation is closed in which nobody writes, and how many last."""

    idle_s: Annotated[float, msgspec.Meta(ge=10, le=604_800)] = 1_800.0
    """Seconds without a word from either side, with an application or an agent."""
    waiting_s: Annotated[float, msgspec.Meta(ge=60, le=2_592_000)] = 86_400.0
    """Seconds for which a visitor who waits for an agent is kept, though he wrote nothing more."""
    most: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 20_000
    """Conversations that last at once, about 10 kB each; then nobody begins another."""
