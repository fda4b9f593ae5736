"""Asks the company's systems what a dialog needs, over HTTP."""
