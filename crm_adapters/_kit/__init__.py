"""What adapters share: an HTTP client that keeps quotas and tells errors apart, times and texts as CRMs want them, whom a CRM
knows already, and what is remembered of a call."""
