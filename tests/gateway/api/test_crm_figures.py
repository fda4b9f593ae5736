from prometheus_client import CollectorRegistry, generate_latest

from gateway.api.crm_figures import CrmFigures
from gateway.ports.crms import CrmFigure

AWAY = CrmFigure(
    name="odoo", told=7, failed=3, waiting=212, dead=2, oldest_s=90.5, away=True, lookups=10, lookups_at_hand=90
)  # fmt: skip
UNCOUNTED = CrmFigure(
    name="zammad", told=1, failed=0, waiting=None, dead=None, oldest_s=None, away=False, lookups=0, lookups_at_hand=0
)  # fmt: skip


def test_what_piles_up_for_which_crm_is_seen_and_what_is_not_known_is_not() -> None:
    registry = CollectorRegistry()
    registry.register(CrmFigures(lambda: [AWAY, UNCOUNTED]))
    lines = [line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")]

    assert [line for line in lines if "odoo" in line] == [
        'tieline_crm_told_total{crm="odoo"} 7.0',
        'tieline_crm_failed_total{crm="odoo"} 3.0',
        'tieline_crm_waiting{crm="odoo"} 212.0',
        'tieline_crm_dead{crm="odoo"} 2.0',
        'tieline_crm_oldest_waiting_seconds{crm="odoo"} 90.5',
        'tieline_crm_away{crm="odoo"} 1.0',
        'tieline_crm_lookups_total{at_hand="yes",crm="odoo"} 90.0',
        'tieline_crm_lookups_total{at_hand="no",crm="odoo"} 10.0',
    ]
    assert not [line for line in lines if "zammad" in line and ("waiting" in line or "dead" in line)]
