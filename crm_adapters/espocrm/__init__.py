"""EspoCRM, by its REST API."""
