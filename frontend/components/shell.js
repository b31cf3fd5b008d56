/** What surrounds every page: the bar on top, the banner, the notice. */

import { html, useEffect, useState } from "../vendor/preact-htm.module.js";
import { useMayOperate, useNow, useStore } from "../hooks.js";
import { Link } from "../router.js";
import { dismiss, reconnect } from "../session.js";
import { chooseTheme, themeChoice } from "../theme.js";
import { Button, ButtonLink } from "./buttons.js";
import { Icon, Mark } from "./icons.js";

const NOTICE_MS = 6000;
const PATIENCE_MS = 1500; // A reconnect within this time is not worth a banner.
/** Each choice with the one that follows it. */
const NEXT_THEME = { system: "light", light: "dark", dark: "system" };
const THEME_NAMES = { system: "scheme of the system", light: "light scheme", dark: "dark scheme" };

/** The bar on top of every page. @param {{page: string}} props */
export function TopBar({ page }) {
  const mayOperate = useMayOperate();
  const tab = (href, pages, text) =>
    html`<${Link} href=${href} aria-current=${pages.includes(page) ? "page" : undefined}>${text}<//>`;
  return html`<header class="topbar">
    <div class="topbar-inner">
      <${Link} href="/runs" class="brand" aria-label="Neuroevolution, to the list of runs">
        <${Mark} /><span class="brand-name">Neuroevolution</span>
      <//>
      <nav aria-label="Pages">
        ${tab("/runs", ["runs", "run", "new-run"], "Runs")}
        ${tab("/policies", ["library", "policy", "compare"], "Library")}
        ${tab("/workers", ["workers", "tokens"], "Workers")}
      </nav>
      <div class="topbar-end">
        <${ConnectionState} />
        <${ThemeSwitch} />
        ${mayOperate &&
        html`<${ButtonLink} href="/runs/new" icon="plus" kind="primary" aria-label="New run">
          <span class="wide-only">New run</span><//>`}
      </div>
    </div>
  </header>`;
}

function ConnectionState() {
  const phase = useStore((state) => state.connection.phase);
  const word = { online: "Live", offline: "Offline", connecting: "Connecting" }[phase];
  const tone = { online: "good", offline: "bad", connecting: "quiet" }[phase];
  const title = phase === "online" ? "What is shown follows the server by itself" : "What is shown may be out of date";
  const room = phase === "connecting" ? "wide-only" : ""; // Its word is the longest, and soon gone.
  return html`<span class=${`state connection tone-${tone}`} role="status" title=${title}>
    <span class="dot" aria-hidden="true"></span>
    <span class=${room}>${word}</span>
  </span>`;
}

function ThemeSwitch() {
  const [choice, setChoice] = useState(themeChoice);
  const next = NEXT_THEME[choice];
  const name = `Scheme: ${choice}. Switch to: ${THEME_NAMES[next]}`;
  const change = () => {
    chooseTheme(next);
    setChoice(next);
  };
  return html`<button type="button" class="button quiet icon-only" aria-label=${name} title=${name} onClick=${change}>
    <${Icon} name=${choice} />
  </button>`;
}

/** Says that the server is gone, and when it is looked for again; or what is the matter with its database. */
export function Banner() {
  const isOffline = useStore((state) => state.connection.phase === "offline");
  const trouble = useStore((state) => state.trouble);
  if (isOffline) return html`<${OfflineBanner} />`;
  return trouble ? html`<${TroubleBanner} trouble=${trouble} />` : null;
}

function TroubleBanner({ trouble }) {
  return html`<div class="banner" role="alert">
    <p><b>${trouble[0].toUpperCase() + trouble.slice(1)}.</b> Workers keep their results, and nothing is lost: all goes
      on by itself once this is mended. What is shown may be out of date.</p>
  </div>`;
}

function OfflineBanner() {
  const { retryAt, reason } = useStore((state) => state.connection);
  const now = useNow(500);
  const [since] = useState(Date.now);
  if (now - since < PATIENCE_MS) return null;
  const seconds = Math.ceil((retryAt - now) / 1000);
  return html`<div class="banner" role="alert">
    <p><b>${reason ?? "The server does not answer."}</b> What is shown may be out of date; nothing is lost.${" "}
      <span aria-hidden="true">${seconds > 0 ? `Next attempt in ${seconds} s.` : "Trying…"}</span></p>
    <${Button} icon="reset" onClick=${reconnect}>Try now<//>
  </div>`;
}

/** A short word about something that was done. */
export function Notice() {
  const notice = useStore((state) => state.notice);
  useEffect(() => {
    if (!notice) return undefined;
    const timer = setTimeout(dismiss, NOTICE_MS);
    return () => clearTimeout(timer);
  }, [notice]);
  return html`<div class="notice-place" role="status" aria-live="polite">
    ${notice &&
    html`<div key=${notice.number} class=${`notice${notice.bad ? " bad" : ""}`}>
      <span>${notice.text}</span>
      <button type="button" class="button quiet icon-only" aria-label="Dismiss" onClick=${dismiss}>
        <${Icon} name="close" /></button>
    </div>`}
  </div>`;
}
