"""Who is in which bridge."""

from gateway.model.ids import BridgeId, LegId


class Members:
    """The legs in each bridge; a bridge without legs is forgotten."""

    def __init__(self) -> None:
        self._legs_in: dict[BridgeId, set[LegId]] = {}

    def __len__(self) -> int:
        return len(self._legs_in)

    def join(self, leg: LegId, bridge: BridgeId) -> set[LegId]:
        """Put a leg into a bridge; return all that are in it."""
        members = self._legs_in.setdefault(bridge, set())
        members.add(leg)
        return members

    def leave(self, leg: LegId, bridge: BridgeId | None) -> None:
        """Take a leg out of the bridge that it is in, if it is in any."""
        members = None if bridge is None else self._legs_in.get(bridge)
        if members is not None and bridge is not None:
            members.discard(leg)
            if not members:
                del self._legs_in[bridge]

    def merge(self, bridge: BridgeId, into: BridgeId) -> set[LegId]:
        """Move all of one bridge into another; return all that are in that now."""
        members = self._legs_in.get(into, set()) | self._legs_in.pop(bridge, set())
        if members:
            self._legs_in[into] = members
        return members
