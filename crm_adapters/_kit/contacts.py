"""Whom a CRM knows already, by his number."""

from gateway.model.crm import CrmContact, NewContact
from gateway.model.numbers import PhoneQuery, is_number_of, query_of
from gateway.ports.crm import FindsContacts


def has_number(contact: CrmContact, query: PhoneQuery) -> bool:
    """Tell whether one of his numbers is the one that is looked for."""
    return any(is_number_of(number, query) for number in contact.numbers)


async def there_already(adapter: FindsContacts, new: NewContact, region: str) -> CrmContact | None:
    """Return whom the CRM has with the number of somebody new; None where nobody has it, or there is no number.

    Raises:
        CrmError: The adapter cannot say.
    """
    if new.number is None:
        return None
    query = query_of(new.number, region)
    return next((contact for contact in await adapter.find(query) if has_number(contact, query)), None)
