"""What of ``recordings`` no single key shows to be wrong."""

from collections.abc import Collection, Iterator

from gateway.model.ids import PbxName
from gateway.recordings.settings import HttpSettings, RecordingSettings
from gateway.settings.check import closest, problem
from gateway.settings.file import Document, KeyPath, Problem


def recordings_problems(document: Document, settings: RecordingSettings, pbxs: Collection[PbxName]) -> Iterator[Problem]:
    """Yield what is wrong with where recordings come from, given the PBXs that are configured."""
    seen: set[PbxName] = set()
    for position, source in enumerate(settings.sources):
        key: KeyPath = ("recordings", "sources", position)
        if source.pbx not in pbxs:
            yield problem(document, (*key, "pbx"), f"no PBX is called {source.pbx!r}", closest(source.pbx, pbxs))
        if source.pbx in seen:
            yield problem(document, (*key, "pbx"), f"{source.pbx!r} has a source already", "Take one of the two out")
        seen.add(source.pbx)
        if source.kinds != 1:
            what = "nothing says where its files are" if source.kinds == 0 else "its files cannot be in several places"
            yield problem(document, key, what, "Write exactly one of `folder:`, `sftp:` and `http:`")
        if source.http is not None:
            yield from _http_problems(document, (*key, "http"), source.http)


def _http_problems(document: Document, key: KeyPath, http: HttpSettings) -> Iterator[Problem]:
    if (http.username is None) != (http.password is None):
        yield problem(document, key, "username and password go together", "Write both, or neither")
    if http.token is not None and http.username is not None:
        yield problem(document, key, "it has two ways to say who we are", "Write `token:`, or `username:` and `password:`")
    secret = http.token is not None or http.password is not None
    if secret and http.url.startswith("http://"):
        cure = "Write https://, so that nobody on the way reads it, or take the secret out"
        yield problem(document, (*key, "url"), "a secret would be sent in the clear", cure)
