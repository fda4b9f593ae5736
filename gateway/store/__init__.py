"""Calls and events that outlive the process: SQLite by default, PostgreSQL by one URL, memory for demos."""
