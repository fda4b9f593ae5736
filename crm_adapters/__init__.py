"""One package for each CRM; they know nothing of each other."""
