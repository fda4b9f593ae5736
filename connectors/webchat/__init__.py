"""Channel ``webchat``: visitors of a company's pages write, and are answered there."""
