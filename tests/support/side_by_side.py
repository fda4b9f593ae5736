"""Which tests run side by side when the suite has several workers: those that wait beside those that compute.

A test module stays with one worker, in its order. The first worker begins with the live tests, which mostly wait for
telephones; the others begin with the rest, which computes; who has done his side helps with the other.
Source: pytest-xdist, its hook ``pytest_xdist_make_scheduler`` and ``xdist.scheduler.LoadScopeScheduling``.
"""

from typing import Final

from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

LIVE: Final = "tests/live/"
FIRST: Final = tuple(
    f"{LIVE}test_{name}.py"
    for name in ("killed_gateway", "soak", "two_makes", "killed_freeswitch", "supervisor_page", "agent_page", "live_backup")
)
"""Live modules to begin with: those that load a PBX, so that they stand beside nothing else that is live; then those that last,
so that no worker is left alone with one in the end."""


class SideBySide(LoadScopeScheduling):  # type: ignore[misc]  # xdist carries no types
    """Hands out test modules."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("::")[0]

    def _assign_work_unit(self, node: WorkerController) -> None:
        live = [module for module in FIRST if module in self.workqueue]
        live += [module for module in self.workqueue if module.startswith(LIVE) and module not in live]
        rest = [module for module in self.workqueue if not module.startswith(LIVE)]
        wanted = live + rest if node is self.nodes[0] else rest + live
        self.workqueue.move_to_end(wanted[0], last=False)
        super()._assign_work_unit(node)
