from acme_pbx.settings import AcmeSettings

from gateway.model.ids import PbxName
from gateway.model.secret import Secret
from gateway.model.site import Site
from gateway.settings.values import ConnectorEntry, Settings


def test_an_entrys_site_is_its_plugins() -> None:
    site = Site(region="CN")
    entry = ConnectorEntry(pbx=PbxName("one"), plugin="acme_pbx", settings=AcmeSettings(host="h", secret=Secret("s"), site=site))

    assert entry.site is site


def test_settings_can_be_shown_without_their_secrets() -> None:
    entry = ConnectorEntry(pbx=PbxName("one"), plugin="acme_pbx", settings=AcmeSettings(host="h", secret=Secret("hunter2")))

    assert "hunter2" not in repr(Settings(connectors=(entry,)))
