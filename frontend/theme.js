/**
 * Light or dark: the system's choice unless the user made one, which is remembered.
 *
 * A classic script in the document's head sets the remembered choice before the first paint: theme-boot.js.
 */

import { useEffect, useState } from "./vendor/preact-htm.module.js";

const KEY = "neuroevo-theme";
const CHANGE = "neuroevo:theme";
const darkness = matchMedia("(prefers-color-scheme: dark)");

/** @typedef {"system"|"light"|"dark"} Choice */

/** @returns {Choice} */
export function themeChoice() {
  return /** @type {Choice} */ (document.documentElement.dataset.theme || "system");
}

/** Choose and remember. @param {Choice} choice */
export function chooseTheme(choice) {
  if (choice === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = choice;
  try {
    if (choice === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, choice);
  } catch {
    // A browser that keeps nothing still shows the choice until the page is left.
  }
  dispatchEvent(new Event(CHANGE));
}

/** What is shown: "light" or "dark". */
export function shownTheme() {
  const choice = themeChoice();
  if (choice !== "system") return choice;
  return darkness.matches ? "dark" : "light";
}

/** What is shown, following the system and the switch. */
export function useTheme() {
  const [theme, setTheme] = useState(shownTheme);
  useEffect(() => {
    const update = () => setTheme(shownTheme());
    addEventListener(CHANGE, update);
    darkness.addEventListener("change", update);
    return () => {
      removeEventListener(CHANGE, update);
      darkness.removeEventListener("change", update);
    };
  }, []);
  return theme;
}
