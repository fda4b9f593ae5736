"""Finds plugins by their manifests, and loads of one only what is asked for.

Built in are the folders beside the gateway (``connectors/*/manifest.toml``, and likewise ``crm_adapters`` and ``ivr``). Another
distribution names its package under the entry point group ``tieline.plugins``; the package holds the same manifest.
"""

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from gateway.model.errors import ConfigurationError
from gateway.plugins.manifest import MANIFEST_FILE, Manifest, ManifestError, read_manifest

ENTRY_POINT_GROUP: Final = "tieline.plugins"
BUILT_IN_FOLDERS: Final = ("connectors", "crm_adapters", "ivr")


class UnknownPluginError(ConfigurationError):
    """No plugin answers to this; the operator must correct the name or install the plugin."""


def built_in() -> Iterator[Manifest]:
    """Yield the manifests of the plugins that come with the gateway, by name."""
    for folder in BUILT_IN_FOLDERS:
        for file in sorted(_folder_of(folder).glob(f"*/{MANIFEST_FILE}")):
            yield read_manifest(file)


def installed() -> Iterator[Manifest]:
    """Yield the manifests of all plugins: the built-in ones, then those of other distributions.

    Raises:
        ManifestError: A manifest is wrong, or a name is taken twice.
    """
    taken: set[str] = set()
    for manifest in _all():
        if manifest.name in taken:
            raise ManifestError(f"two plugins are called {manifest.name}: uninstall one of them")
        taken.add(manifest.name)
        yield manifest


def plugin(name: str) -> Manifest:
    """Return the plugin of this name.

    Raises:
        UnknownPluginError: There is none; the text says which there are.
    """
    known = {}
    for manifest in installed():
        if manifest.name == name:
            return manifest
        known[manifest.name] = manifest
    raise UnknownPluginError(f"no plugin is called {name}; there are: {', '.join(sorted(known))}")


def reader_of(folder: Path) -> Manifest:
    """Return the plugin that reads this capture folder, by the file it holds.

    Raises:
        UnknownPluginError: It holds no file that a plugin reads, packed or not.
    """
    wires = []
    for manifest in _all():  # the first that fits: replay starts without a look at what else is installed
        if manifest.wire is not None:
            if (folder / manifest.wire).is_file() or (folder / f"{manifest.wire}.gz").is_file():
                return manifest
            wires.append(manifest.wire)
    raise UnknownPluginError(f"{folder} is no capture folder: it holds none of {', '.join(wires)} (or the same with .gz)")


def with_tool(product: str, tool: str) -> Manifest:
    """Return the plugin of this product (``asterisk``) that offers this tool (``snippet``).

    Raises:
        UnknownPluginError: None does; the text says which products have the tool.
    """
    able = {}
    for manifest in installed():
        if tool in manifest.tools and manifest.product is not None:
            if manifest.product == product:
                return manifest
            able[manifest.product] = manifest
    raise UnknownPluginError(f"nothing can {tool} {product}; there is: {', '.join(sorted(able)) or 'nothing'}")


def load(path: str) -> Any:
    """Import what a manifest names as ``package.module:object``.

    Raises:
        ManifestError: There is no such module or object.
    """
    module_name, _, attributes = path.partition(":")
    try:
        found: Any = import_module(module_name)
        for attribute in attributes.split("."):
            found = getattr(found, attribute)
    except (ImportError, AttributeError) as error:
        raise ManifestError(f"{path}: {error}") from error
    return found


def _all() -> Iterator[Manifest]:
    yield from built_in()
    # Reading the metadata of every installed distribution takes longer than all the rest: only when it must be.
    from importlib.metadata import entry_points

    for entry_point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda entry: entry.name):
        yield read_manifest(_folder_of(entry_point.value) / MANIFEST_FILE)


def _folder_of(package: str) -> Path:
    """Find a package's folder; a top-level package is not imported for it."""
    try:
        spec = find_spec(package)
    except ImportError as error:
        raise ManifestError(f"plugin package {package}: {error}") from error
    if spec is None or not spec.submodule_search_locations:
        raise ManifestError(f"plugin package {package} is not installed")
    return Path(spec.submodule_search_locations[0])
