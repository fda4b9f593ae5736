"""How conversations of text stand, for ``/metrics``: visitors for whom nobody has time show here."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from gateway.model.conversations import ConversationState
from gateway.session.conversation_counts import CountedConversations

_LASTING: Final = (ConversationState.BOT, ConversationState.WAITING, ConversationState.HUMAN)


class ConversationFigures:
    """Reads the counts when somebody asks.

    Args:
        applications: What each application counted, by its name: of those that write and of those that talk.
        now: Seconds since the epoch.
    """

    def __init__(
        self,
        conversations: CountedConversations,
        applications: Sequence[Callable[[], Mapping[str, Mapping[tuple[str, str], int]]]],
        *,
        now: Callable[[], float],
    ) -> None:
        self._conversations = conversations
        self._applications = applications
        self._now = now

    def collect(self) -> Iterator[Metric]:
        """Return what lasts, how long who waits longest does, and what was said, by channel."""
        counts, now = self._conversations, self._now()
        standing = list(counts.standing.values())
        channels = sorted({*counts.started, *(each.channel for each in standing)})
        in_state = Counter((each.channel, each.state) for each in standing)
        waits: dict[str, float] = dict.fromkeys(channels, 0.0)
        for each in standing:
            if each.waits_since is not None:
                waits[each.channel] = max(waits[each.channel], now - each.waits_since)
        states = GaugeMetricFamily("tieline_conversations", "Conversations that last.", labels=["channel", "state"])
        text = "Seconds for which the visitor who waits longest for an agent has waited; 0 while none does."
        longest = GaugeMetricFamily("tieline_conversation_longest_wait_seconds", text, labels=["channel"])
        for channel in channels:
            longest.add_metric([channel], waits[channel])
            for state in _LASTING:
                states.add_metric([channel, state], in_state[channel, state])
        yield from (states, longest)
        started = CounterMetricFamily("tieline_conversations_started", "Conversations that began.", labels=["channel"])
        handed = CounterMetricFamily("tieline_conversations_handed_over", "Times one was given to people.", labels=["channel"])
        passed = CounterMetricFamily("tieline_conversations_passed_on", "Times an agent gave one to others.", labels=["channel"])
        for family, counted in ((started, counts.started), (handed, counts.handed_over), (passed, counts.passed_on)):
            for channel in channels:
                family.add_metric([channel], counted[channel])
            yield family
        closed = CounterMetricFamily("tieline_conversations_closed", "Conversations by who ended them.", labels=["channel", "by"])
        for (channel, closer), count in sorted(counts.closed.items()):
            closed.add_metric([channel, closer], count)
        said = CounterMetricFamily("tieline_conversation_messages", "Messages by who wrote them.", labels=["channel", "author"])
        for (channel, author), count in sorted(counts.said.items()):
            said.add_metric([channel, author], count)
        text = "What applications that answer visitors count: nodes entered, outcomes, sentences they had to ask about."
        does = CounterMetricFamily("tieline_application", text, labels=["application", "what", "which"])
        counted_by: dict[str, Counter[tuple[str, str]]] = {}
        for counts_of in self._applications:
            for application, found in counts_of().items():
                counted_by.setdefault(application, Counter()).update(found)
        for application, found in sorted(counted_by.items()):
            for (what, which), count in sorted(found.items()):
                does.add_metric([application, what, which], count)
        yield from (closed, said, does)
