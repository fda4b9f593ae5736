"""CRM ``zammad_cti``: the caller log of a Zammad, by its generic CTI interface."""
