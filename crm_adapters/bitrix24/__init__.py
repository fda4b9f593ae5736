"""CRM ``bitrix24``: calls, cards and callers of a Bitrix24 portal, by its REST API."""
