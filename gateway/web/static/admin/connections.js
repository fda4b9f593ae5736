// How the gateway stands with each telephone system: since when, what went wrong last, and what to change.
import { get } from "../lib/api.js";
import { linkWord } from "../lib/calls.js";
import { count, duration, whenExactly } from "../lib/format.js";
import { h, icon, words } from "../lib/dom.js";
import { t } from "../lib/i18n.js";

const TONES = { connected: "ready", connecting: "hold", retrying: "bad", refused: "bad", stopped: "away" };

export function connections({ redraw }) {
  let pbxs = [];

  function event({ type, pbx, time, data }) {
    if (type !== "gateway.link_changed" && type !== "gateway.gap") return;
    const known = pbxs.find((each) => each.pbx === pbx);
    if (known && type === "gateway.link_changed") known.link = { ...data, since: time };
    else load();
    redraw();
  }

  async function load() {
    ({ pbxs } = await get("/api/v1/pbxs"));
    redraw();
  }

  const broken = () => pbxs.filter(({ link }) => ["retrying", "refused"].includes(link.status)).length;

  function one({ pbx, plugin, link, live_calls: live, gaps }) {
    const tone = TONES[link.status] ?? "away";
    return h(
      "li",
      { key: pbx },
      h("span", { class: `pill s-${tone}` }, icon(tone === "ready" ? "link" : "link-off", "i i-s"), linkWord(link.status)),
      h(
        "div",
        null,
        h("h2", null, pbx),
        words("p", link.detail?.replace(`${pbx}: `, ""), ""),
        h(
          "dl",
          null,
          h("div", null, h("dt", null, t("Since")), h("dd", null, whenExactly(link.since))),
          h("div", null, h("dt", null, t("Speaks")), h("dd", null, plugin)),
          h("div", null, h("dt", null, t("Live calls")), h("dd", { class: "num" }, count(live))),
        ),
        gaps.length > 0 && gapList(gaps),
      ),
    );
  }

  const gapList = (gaps) =>
    h(
      "details",
      null,
      h("summary", null, t("{n} times not heard lately", { n: gaps.length })),
      h("ul", null, gaps.map((gap) => h("li", { key: gap.began_at }, `${whenExactly(gap.began_at)} · ${duration(Date.parse(gap.ended_at) - Date.parse(gap.began_at))} · `, words("span", gap.reason, "")))),
    );

  return {
    id: "connections",
    icon: "link",
    label: t("Telephone systems"),
    scope: "system:read",
    badge: broken,
    event,
    load,
    view: () => [
      h("div", { key: "h", class: "page-h" }, h("p", null, t("They stand in the configuration file, under connectors. What is changed there counts after the next start of the gateway."))),
      h("section", { key: "list", class: "card", "aria-label": t("Telephone systems") }, pbxs.length ? h("ul", { class: "links-l" }, pbxs.map(one)) : h("div", { class: "empty" }, icon("link"), h("b", null, t("No telephone system yet")), h("span", null, t("Add one to the configuration: `tieline pbx snippet asterisk` prints what the PBX needs.")))),
    ],
  };
}
