"""SIP as far as a watcher needs it, without I/O: messages, digest, transactions, subscriptions, and what notifications hold."""
