from gateway.crm.lookups import Found
from gateway.crm.pops import SHOWN_MATCHES, view_of
from gateway.model.crm import CrmContact

WEI = CrmContact(id="c1", name="Wei", numbers=("138",), url="https://crm.example/c1", language="zh")


def test_cards_and_events_show_who_it_is_and_not_all_that_is_known_of_him() -> None:
    told = view_of(Found(crm="odoo", number="+86138", matches=(WEI,) * 20, contact=WEI))
    shown = {
        "id": "c1",
        "kind": "contact",
        "name": "Wei",
        "company": None,
        "email": None,
        "owner": None,
        "url": "https://crm.example/c1",
    }
    assert told == {"crm": "odoo", "number": "+86138", "contact": shown, "matches": [shown] * SHOWN_MATCHES, "problem": None}
