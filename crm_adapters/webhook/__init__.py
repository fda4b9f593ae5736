"""Any program that takes calls over HTTP: signed messages, and a question who has a number."""
