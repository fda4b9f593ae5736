"""Says by its exit status whether the gateway of this container answers. Usage: health.py [CONFIGURATION]."""

import ssl
import sys
import urllib.request
from pathlib import Path
from typing import Final

from gateway.model.errors import ConfigurationError
from gateway.settings.load import embedded_default, load_settings
from gateway.settings.values import ApiSettings

CONFIGURATION: Final = "/etc/tieline/tieline.yaml"
TIMEOUT_S: Final = 5.0


def url_of(api: ApiSettings) -> str:
    """Return where this machine asks a gateway with these settings how it is."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(api.host, api.host)  # noqa: S104  # is compared, not listened at
    scheme = "http" if api.tls is None else "https"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{api.port}/healthz"


def main(configuration: Path) -> int:
    """Ask it; return 0 when it answers."""
    try:
        settings = load_settings(configuration) if configuration.exists() else embedded_default()
        # Its certificate is for the name that others call it by, not for loopback.
        unverified = ssl._create_unverified_context()  # noqa: S323
        # A name that it always answers to, whatever it is called elsewhere.
        request = urllib.request.Request(url_of(settings.api), headers={"Host": "localhost"})  # noqa: S310  # http or https
        with urllib.request.urlopen(request, timeout=TIMEOUT_S, context=unverified):  # noqa: S310
            return 0
    except (ConfigurationError, OSError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else CONFIGURATION)))
