"""CRM ``zendesk``: callers, one ticket a call, and pops, by the Support API and the Talk Partner Edition."""
