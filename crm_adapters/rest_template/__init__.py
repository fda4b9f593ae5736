"""Any CRM with a JSON API, by a file that says what to ask it: no code."""
