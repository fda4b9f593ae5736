// Times, durations and telephone numbers as people read them.
import { locale, t } from "./i18n.js";
import { now } from "./api.js";

const two = (n) => String(n).padStart(2, "0");
const CLOCK = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const CLOCK_S = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const DAY = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short" });
const DAY_OF_YEAR = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", year: "numeric" });
const LONG_DAY = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long" });
const WHOLE = new Intl.NumberFormat(locale);

/** Milliseconds as m:ss or h:mm:ss. */
export function duration(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes}:${two(seconds % 60)}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

/** Seconds of a record as m:ss; nothing when they are not known. */
export const seconds = (value) => (value === null || value === undefined ? "" : duration(value * 1000));

export const clock = (time) => CLOCK.format(new Date(time));
export const clockWithSeconds = (time) => CLOCK_S.format(new Date(time));
export const longDay = (time) => LONG_DAY.format(new Date(time));
export const count = (value) => (value === null || value === undefined ? "–" : WHOLE.format(value));
export const percent = (share) => (share === null || share === undefined ? "–" : Math.round(share * 100));

/** "14:32" of today, "19 Nov" of this year, with the year else. */
export function when(time) {
  const then = new Date(time);
  const today = new Date(now());
  if (then.toDateString() === today.toDateString()) return clock(then);
  return (then.getFullYear() === today.getFullYear() ? DAY : DAY_OF_YEAR).format(then);
}

/** "14:32" of today, "19 Nov, 14:32" else. */
export const whenExactly = (time) => (when(time) === clock(time) ? clock(time) : `${when(time)}, ${clock(time)}`);

// What follows the country code: digits a group, by the first pattern that fits the national number. E.123.
const GROUPS = [
  ["86", [[/^1[3-9]\d{9}$/, [3, 4, 4]], [/^(10|2\d)\d{8}$/, [2, 4, 4]], [/^[3-9]\d{2}\d{7,8}$/, [3, 4, 4]], [/^400\d{7}$/, [3, 3, 4]]]],
  ["852", [[/^\d{8}$/, [4, 4]]]],
  ["886", [[/^9\d{8}$/, [3, 3, 3]], [/^2\d{8}$/, [1, 4, 4]]]],
  ["1", [[/^\d{10}$/, [3, 3, 4]]]],
  ["44", [[/^7\d{9}$/, [4, 6]], [/^20\d{8}$/, [2, 4, 4]], [/^\d{10}$/, [4, 6]]]],
  ["49", [[/^1[567]\d{8,9}$/, [3, 8]], [/^\d{6,11}$/, [3, 8]]]],
  ["33", [[/^\d{9}$/, [1, 2, 2, 2, 2]]]],
  ["81", [[/^\d{10}$/, [2, 4, 4]], [/^\d{9}$/, [1, 4, 4]]]],
  ["65", [[/^\d{8}$/, [4, 4]]]],
];

/** An E.164 number in groups; anything else as it is. */
export function phone(number) {
  const digits = /^\+(\d{6,15})$/.exec(number ?? "")?.[1];
  if (!digits) return number ?? "";
  for (const [country, patterns] of GROUPS) {
    if (!digits.startsWith(country)) continue;
    const national = digits.slice(country.length);
    const sizes = patterns.find(([pattern]) => pattern.test(national))?.[1];
    if (sizes) return [`+${country}`, ...cutInto(national, sizes)].join(" ");
  }
  return `+${digits}`;
}

function cutInto(digits, sizes) {
  const groups = [];
  let rest = digits;
  for (const size of sizes) {
    groups.push(rest.slice(0, size));
    rest = rest.slice(size);
  }
  return [...groups, rest].filter(Boolean);
}

/** Who calls, as far as it is known: his number in groups, or that he withholds it. */
export const numberOf = (call) => (call.caller ? phone(call.caller_e164 ?? call.caller) : t("Number withheld"));

/** One or two letters for a person's picture: of a Chinese name its first character. */
export function initials(name) {
  const trimmed = (name ?? "").trim();
  if (!trimmed) return "?";
  if (/\p{Script=Han}/u.test(trimmed[0])) return trimmed[0];
  const parts = trimmed.split(/[\s.@_-]+/).filter(Boolean);
  return parts.slice(0, 2).map((part) => [...part][0].toUpperCase()).join("") || "?";
}

/** A language by its name: "zh" is Chinese. */
export function languageName(code) {
  try {
    return new Intl.DisplayNames([locale], { type: "language" }).of(code);
  } catch {
    return code; // not the code of a language, but what somebody wrote
  }
}
