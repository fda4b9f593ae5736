// How the widget looks: the gateway's tokens, in px, for a page may size its own rem.

const light = `
  --surface: #ffffff; --sunken: #eceef2; --line: #e1e4ea; --line-control: #858d9b;
  --text: #12161d; --text-2: #454e5c; --text-3: #5e6775; --accent: #2448bd; --accent-fill: #2b53d3; --accent-fill-hover: #2245b4;
  --on-accent: #ffffff; --accent-soft: #e9eefc; --accent-line: #b9c8f4; --hold: #855000; --hold-soft: #fcf1db;
  --bad-fill: #c4293a; --e3: 0 2px 6px rgb(16 24 40 / .08), 0 18px 44px -10px rgb(16 24 40 / .26); color-scheme: light;`;
const dark = `
  --surface: #14181e; --sunken: #0f1318; --line: #262d37; --line-control: #6d7786;
  --text: #eaedf1; --text-2: #b4bcc8; --text-3: #8f99a8; --accent: #8ea8ff; --accent-fill: #3d62de; --accent-fill-hover: #3455c8;
  --on-accent: #ffffff; --accent-soft: #1a2443; --accent-line: #324682; --hold: #e8b057; --hold-soft: #2d230f;
  --bad-fill: #cb3644; --e3: 0 2px 6px rgb(0 0 0 / .5), 0 22px 50px -10px rgb(0 0 0 / .75); color-scheme: dark;`;

const sheet = new CSSStyleSheet();
sheet.replaceSync(`
:host { all: initial; ${light}
  font: 400 15px/1.45 -apple-system, "Segoe UI Variable Text", "Segoe UI", Roboto, Inter, "Noto Sans", "PingFang SC", "Hiragino Sans GB",
    "Microsoft YaHei UI", "Microsoft YaHei", "Noto Sans SC", "Noto Sans CJK SC", "WenQuanYi Micro Hei", sans-serif;
  position: fixed; inset: auto 20px 20px auto; z-index: 2147483000; color: var(--text); }
:host([theme="dark"]) { ${dark} }
@media (prefers-color-scheme: dark) { :host(:not([theme="light"])) { ${dark} } }
*, *::before, *::after { box-sizing: border-box }
[hidden] { display: none !important }
button, textarea { font: inherit; color: inherit; margin: 0 }
button { border: 0; padding: 0; background: none; cursor: pointer }
:focus { outline: none } :focus-visible { box-shadow: 0 0 0 2px var(--surface), 0 0 0 4px var(--accent-fill) }
svg { width: 22px; height: 22px; fill: none; stroke: currentColor; stroke-width: 1.75; stroke-linecap: round; stroke-linejoin: round; display: block }
.sr { position: absolute; margin: 0; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }

.launch { position: relative; display: grid; place-items: center; width: 56px; height: 56px; border-radius: 999px; background: var(--accent-fill); color: var(--on-accent); box-shadow: var(--e3); margin-inline-start: auto }
.launch:hover { background: var(--accent-fill-hover) } .launch svg { width: 26px; height: 26px }
.badge { position: absolute; inset: -4px -4px auto auto; min-width: 22px; height: 22px; padding: 0 6px; border-radius: 999px; background: var(--bad-fill); color: #fff; font: 600 12px/22px inherit; font-size: 12px; text-align: center; box-shadow: 0 0 0 2px var(--surface) }

.panel { display: flex; flex-direction: column; width: 384px; height: min(640px, calc(100dvh - 40px)); overflow: hidden; background: var(--surface); border: 1px solid var(--line); border-radius: 14px; box-shadow: var(--e3) }
header { display: flex; align-items: center; gap: 4px; padding: 12px 8px 12px 16px; border-bottom: 1px solid var(--line) }
header > div { flex: 1; min-width: 0 }
h2 { margin: 0; font-size: 16px; font-weight: 600; line-height: 1.25; overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
.with { margin: 2px 0 0; font-size: 13px; line-height: 1.35; color: var(--text-2) }
.tool { display: grid; place-items: center; min-width: 36px; height: 36px; padding: 0 8px; border-radius: 7px; color: var(--text-2); font-size: 13px; font-weight: 500; white-space: nowrap }
.tool:hover { background: var(--sunken); color: var(--text) }
.told { margin: 0; padding: 8px 16px; background: var(--hold-soft); color: var(--hold); font-size: 13px; font-weight: 500; border-bottom: 1px solid var(--line) }

.log { flex: 1; min-height: 0; overflow-y: auto; overscroll-behavior: contain; display: flex; flex-direction: column; gap: 8px; padding: 16px; scrollbar-width: thin }
.log:focus-visible { box-shadow: inset 0 0 0 2px var(--accent-fill) }
.m { position: relative; max-width: 85%; align-self: flex-start; overflow-wrap: anywhere }
.m > div { padding: 8px 12px; border-radius: 11px; background: var(--sunken); white-space: pre-wrap; unicode-bidi: plaintext }
:host([theme="dark"]) :is(.m > div, .dots) { background: var(--line) }
@media (prefers-color-scheme: dark) { :host(:not([theme="light"])) :is(.m > div, .dots) { background: var(--line) } }
.m.you { align-self: flex-end } .log > .m.you > div { background: var(--accent-fill); color: var(--on-accent) }
.m a { color: var(--accent); text-underline-offset: 2px } .m.you a { color: inherit }
.who, .meta { margin: 0 4px 2px; font-size: 12px; color: var(--text-3) } .meta { margin: 2px 4px 0; text-align: end }
.choices { display: flex; flex-wrap: wrap; gap: 8px; padding-top: 4px }
.choice { min-height: 36px; padding: 6px 14px; border: 1px solid var(--accent-line); border-radius: 999px; background: var(--surface); color: var(--accent); font-weight: 500; text-align: start; overflow-wrap: anywhere }
.choice:hover { background: var(--accent-soft) }
.dots { position: relative; display: flex; gap: 4px; align-self: flex-start; padding: 14px 12px; border-radius: 11px; background: var(--sunken) }
.dots i { width: 7px; height: 7px; border-radius: 999px; background: var(--text-3); animation: dot 1.2s infinite } .dots i:nth-of-type(2) { animation-delay: .15s } .dots i:nth-of-type(3) { animation-delay: .3s }
@keyframes dot { 0%, 60%, 100% { transform: none; opacity: .5 } 30% { transform: translateY(-3px); opacity: 1 } }

form { display: flex; align-items: flex-end; gap: 8px; padding: 12px; border-top: 1px solid var(--line) }
textarea { flex: 1; min-width: 0; min-height: 44px; max-height: 132px; padding: 10px 12px; resize: none; field-sizing: content; border: 1px solid var(--line-control); border-radius: 11px; background: var(--surface); line-height: 22px }
textarea::placeholder { color: var(--text-3); opacity: 1 }
.send, .go { display: grid; place-items: center; height: 44px; border-radius: 11px; background: var(--accent-fill); color: var(--on-accent) } .send { width: 44px; flex: none } .send:hover, .go:hover { background: var(--accent-fill-hover) }
.over, .sure { display: flex; align-items: center; gap: 8px; padding: 12px; border-top: 1px solid var(--line) }
.go { padding: 0 16px; font-weight: 600 } .over .go { width: 100% } .sure p { flex: 1; margin: 0; font-weight: 600 }

@media (max-width: 480px) {
  :host([open]) { inset: 0 }
  .panel { width: 100%; height: 100dvh; border: 0; border-radius: 0; padding: env(safe-area-inset-top) 0 env(safe-area-inset-bottom) }
  textarea { font-size: 16px }
}
@media (prefers-reduced-motion: reduce) { .dots i { animation: none } }
@media (forced-colors: active) { .m > div, .launch, .send, .go, .panel { border: 1px solid } }
`);

export default sheet;
