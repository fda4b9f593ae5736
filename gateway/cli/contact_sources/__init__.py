"""Where contacts are imported from: files, CardDAV address books, LDAP directories."""
