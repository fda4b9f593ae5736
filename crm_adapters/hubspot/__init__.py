"""CRM ``hubspot``: contacts, companies, calls, tickets and owners of a HubSpot account, by a private app's token."""
