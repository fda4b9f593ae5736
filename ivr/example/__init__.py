"""A delivery company to try dialogs on: ``config/itr/delivery.yaml`` and the systems that it asks."""
