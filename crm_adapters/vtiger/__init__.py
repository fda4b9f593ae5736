"""Vtiger CRM, by its web services."""
