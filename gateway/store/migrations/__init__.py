"""How the schema came to be what it is: one module a change, each with the change that it follows."""
