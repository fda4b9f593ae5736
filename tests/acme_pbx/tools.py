"""What the plugin of the tests offers beside its connector."""


def snippet(version: str) -> str:
    return f"acme {version}"
