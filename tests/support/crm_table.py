"""The table of adapters in ``docs/crm-adapter-guide.md``, as their manifests have it."""

from gateway.plugins.loader import built_in
from gateway.plugins.manifest import PluginKind


def table() -> str:
    """Return it as Markdown."""
    rows = ["| adapter | of | can | verified | by |", "| --- | --- | --- | --- | --- |"]
    for each in built_in():
        if each.kind is PluginKind.CRM_ADAPTER:
            level, by = ("", "") if each.verified is None else (each.verified.level.value, each.verified.by)
            link = f"[{each.name}](../crm_adapters/{each.name}/README.md)"
            rows.append(f"| {link} | {each.summary} | {', '.join(each.abilities)} | {level} | {by} |")
    return "\n".join(rows)
