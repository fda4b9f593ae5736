// Calling for attention: once for each call, however many tabs are open. The card itself is drawn in every tab.
import { t } from "../lib/i18n.js";
import { numberOf } from "../lib/format.js";

const KEPT_MS = 6 * 3600 * 1000; // how long it is remembered which call was announced
const HELD_MS = 30_000; // how long a tab may take to hear of a call after another one
const KEY = "announced";
const RING_S = 2.4; // from one ring to the next
const MAX_RINGS = 20;

let audio = null;
let ringing = null;

/**
 * Let the first tab that asks announce this; Web Locks where there are any, else the last writer of two alike. A browser tells one
 * tab late what another one stored: so the first keeps the lock until all have heard, and what is stored is for those who come after.
 */
async function first(key) {
  const claim = () => {
    const now = Date.now();
    const known = Object.fromEntries(Object.entries(read()).filter(([, at]) => now - at < KEPT_MS));
    if (known[key]) return false;
    localStorage.setItem(KEY, JSON.stringify({ ...known, [key]: now }));
    return true;
  };
  if (navigator.locks) {
    return new Promise((resolve) =>
      navigator.locks.request(`announce ${key}`, { ifAvailable: true }, (lock) => {
        resolve(Boolean(lock) && claim());
        return lock && new Promise((release) => setTimeout(release, HELD_MS));
      }),
    );
  }
  const mine = `${Math.random()}`;
  if (read()[key]) return false;
  localStorage.setItem(`${KEY} ${key}`, mine);
  await new Promise((resolve) => setTimeout(resolve, 60));
  const won = localStorage.getItem(`${KEY} ${key}`) === mine && claim();
  localStorage.removeItem(`${KEY} ${key}`);
  return won;
}

function read() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}

/** Announce a ringing call: notification and sound, each as the user wants it. Resolves to whether it was this tab's turn. */
export const announce = (card, settings, name) =>
  attract(card.call.call_id, `${t("Incoming call")}: ${name}`, [numberOf(card.call), card.call.queue].filter(Boolean).join(" · "), settings);

/** Call for attention to this, ringing so often; what rings already is not disturbed by what rings once. */
export async function attract(key, heading, body, settings, rings = MAX_RINGS) {
  if (!(await first(key))) return false;
  if (settings.notifications && window.Notification?.permission === "granted" && document.visibilityState === "hidden") {
    const notification = new Notification(heading, { body, tag: key, icon: "/static/favicon.svg" });
    notification.onclick = () => {
      window.focus();
      notification.close();
    };
  }
  if (settings.sound !== false && !(ringing && rings === 1)) ring(key, rings);
  document.dispatchEvent(new CustomEvent("announced", { detail: key }));
  return true;
}

/** Two soft tones, again until the call is answered or gone. */
function ring(key, left) {
  quiet();
  ringing = { key, left, timer: 0 };
  sound();
}

function sound() {
  if (!ringing || ringing.left-- <= 0) return void (ringing = null);
  audio ??= new AudioContext();
  // Before the first click in the page a browser keeps it silent; it sounds from then on.
  if (audio.state === "suspended") audio.resume().catch(() => {});
  if (audio.state === "running") {
    tone(660, 0);
    tone(880, 0.22);
  }
  ringing.timer = setTimeout(sound, RING_S * 1000);
}

function tone(hertz, delay) {
  const from = audio.currentTime + delay;
  const [source, volume] = [audio.createOscillator(), audio.createGain()];
  source.frequency.value = hertz;
  volume.gain.setValueAtTime(0, from);
  volume.gain.linearRampToValueAtTime(0.18, from + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.001, from + 0.35);
  source.connect(volume).connect(audio.destination);
  source.start(from);
  source.stop(from + 0.4);
}

/** Ring no more; for one call alone where it is named. */
export function quiet(key = null) {
  if (!ringing || (key && ringing.key !== key)) return;
  clearTimeout(ringing.timer);
  ringing = null;
}

const TITLE = "Tieline";

/** Say in the tab's title who calls. */
export function title(name) {
  const text = name ? `☎ ${name} · ${TITLE}` : TITLE;
  if (document.title !== text) document.title = text;
}
