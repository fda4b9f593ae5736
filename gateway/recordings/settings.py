"""What can be configured of recordings: where they come from, where they are kept, for how long."""

from typing import Annotated, Final, Literal

import msgspec

from gateway.model.ids import PbxName
from gateway.model.secret import Secret

ASTERISK_MONITOR: Final = "/var/spool/asterisk/monitor"
"""Where an Asterisk records into, unless its ``asterisk.conf`` says otherwise."""

_Text = Annotated[str, msgspec.Meta(min_length=1)]
_AbsolutePath = Annotated[str, msgspec.Meta(pattern=r"^/")]
_Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
_Url = Annotated[str, msgspec.Meta(pattern=r"^https?://[^@?#]+$")]
_Header = Annotated[str, msgspec.Meta(pattern=r"^[^\r\n\x00]+$")]


class SftpSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A PBX that is reached by SSH."""

    host: _Text
    port: _Port = 22
    user: _Text
    key_file: _AbsolutePath
    """Our private key, readable by us alone."""
    host_key: Annotated[str, msgspec.Meta(pattern=r"^(ssh|ecdsa|sk)-\S+ \S+")]
    """The PBX's public key, a line of its ``/etc/ssh/ssh_host_ed25519_key.pub``: no other machine is believed to be it."""
    path: _AbsolutePath = ASTERISK_MONITOR
    """The folder it records into, as the SSH user sees it."""


class HttpSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A PBX whose folder a web server serves."""

    url: _Url
    """Of the folder; without user, query or fragment."""
    token: Secret | None = None
    """Sent as ``Authorization: Bearer``."""
    username: _Header | None = None
    password: Secret | None = None
    """Both sent as HTTP Basic."""
    ca_file: str | None = None
    """Certificates (PEM) to trust; None trusts those of the system."""


class SourceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where one PBX leaves its recordings: exactly one of ``folder``, ``sftp`` and ``http``."""

    pbx: PbxName
    """As it is called under ``connectors``."""
    folder: _AbsolutePath | None = None
    """Its folder, mounted here."""
    sftp: SftpSettings | None = None
    http: HttpSettings | None = None
    strip: _AbsolutePath = ASTERISK_MONITOR
    """The same folder by the PBX's own name: what absolute names of files begin with."""
    delete: bool = False
    """Delete the file at the PBX once it is kept here."""
    at_once: Annotated[int, msgspec.Meta(ge=1, le=32)] = 2
    """Files fetched at the same time."""

    @property
    def kinds(self) -> int:
        """How many of the three are given."""
        return sum(each is not None for each in (self.folder, self.sftp, self.http))


class S3Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bucket of Amazon S3, or of a server that speaks its language."""

    bucket: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    access_key: _Header
    secret_key: Secret
    region: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]+$")] = "us-east-1"
    endpoint: _Url | None = None
    """Of a server of your own; None is Amazon's of the region."""
    prefix: Annotated[str, msgspec.Meta(pattern=r"^([A-Za-z0-9._-]+/)*$")] = ""
    """What keys begin with: ``tieline/``."""
    encryption: Literal["AES256", "aws:kms"] | None = None
    """What the server is asked to encrypt each object with; None leaves it to the bucket."""
    ca_file: str | None = None
    """Certificates (PEM) to trust; None trusts those of the system."""


class RecordingSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Recordings; without sources none is fetched."""

    sources: tuple[SourceSettings, ...] = ()
    folder: _AbsolutePath | None = None
    """Where they are kept; None takes ``recordings`` in ``state_dir``. With ``s3`` only those on their way lie there."""
    s3: S3Settings | None = None
    """Keeps them there instead."""
    days: Annotated[float, msgspec.Meta(gt=0, le=36_500)] = 90.0
    """Days from its beginning after which a recording is deleted."""
    keep_free_mb: Annotated[int, msgspec.Meta(ge=0, le=100_000_000)] = 1_024
    """Megabytes of the disk that stay free: below it nothing is fetched, and ``/readyz`` says so."""
    max_mb: Annotated[int, msgspec.Meta(ge=1, le=5_000)] = 1_024
    """Megabytes of one file beyond which it is refused."""
    give_up_hours: Annotated[float, msgspec.Meta(gt=0, le=8_760)] = 72.0
    """Hours from the end of the call after which it is not tried again by itself."""
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=3_600)] = 30.0
    """Seconds in which a source or storage must go on answering."""
