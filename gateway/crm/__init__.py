"""CRMs: tells each of them of every customer's call once, and finds out from them who calls."""
