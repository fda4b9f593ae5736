// English text is the key of the Chinese. A page takes over the words it needs: learn(zh).

const KEY = "language";
const chinese = new Map();

/** "en" or "zh": as chosen, else as the browser says. */
export const language = localStorage.getItem(KEY) ?? (navigator.language.startsWith("zh") ? "zh" : "en");
/** For dates and numbers: the user's own form of the language. */
export const locale = language === "zh" ? "zh-CN" : navigator.languages.find((each) => each.startsWith("en")) ?? "en-GB";

document.documentElement.lang = language === "zh" ? "zh-CN" : "en";

export function learn(zh) {
  for (const [english, text] of Object.entries(zh)) chinese.set(english, text);
}

/** The text in the language in force, with {name} filled in by the values */
export function t(english, values) {
  const text = language === "zh" ? chinese.get(english) ?? english : english;
  return values ? text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? "") : text;
}

/** Of a text given in both languages, such as a disposition's label. */
export const ofBoth = (label) => label?.[language] || label?.en || label?.zh || "";

export const otherLanguage = language === "zh" ? "en" : "zh";

/** Show the page in the other language, from its beginning. */
export function switchLanguage() {
  localStorage.setItem(KEY, otherLanguage);
  location.reload();
}
