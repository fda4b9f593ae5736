"""Settings with one field of each kind that a plugin may have."""

from enum import StrEnum
from typing import Annotated

import msgspec

from gateway.model.secret import Secret
from gateway.model.site import Site


class Flavour(StrEnum):
    SWEET = "sweet"
    SOUR = "sour"


class AcmeTls(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    ca_file: str
    verify: bool = True


class AcmeSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of the PBX of the tests."""

    host: str
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 5038
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=60)] = 5.0
    secret: Secret
    spare_secret: Secret | None = None
    tls: AcmeTls | None = None
    flavour: Flavour = Flavour.SWEET
    tags: tuple[str, ...] = ()
    site: Site = Site()

    def __post_init__(self) -> None:
        if self.host == "localhost" and self.tls is not None:
            raise ValueError("TLS is not for localhost")
