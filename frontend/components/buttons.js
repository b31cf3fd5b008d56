/** Buttons: plain, copying, and a row of choices. */

import { html, useEffect, useState } from "../vendor/preact-htm.module.js";
import { reasonOf } from "../format.js";
import { Link } from "../router.js";
import { notify } from "../session.js";
import { Icon } from "./icons.js";

const COPIED_MS = 1800;

/** @param {{icon?: string, kind?: "primary"|"danger"|"quiet"|"", busy?: boolean, children?: any}} props */
export function Button({ icon, kind = "", busy = false, disabled = false, children, ...rest }) {
  return html`<button type="button" class=${`button ${kind}`} aria-busy=${busy} disabled=${disabled || busy} ...${rest}>
    ${icon && html`<${Icon} name=${icon} />`}${children}
  </button>`;
}

/** A link that looks like a button. @param {{href: string, icon?: string, kind?: string, children?: any}} props */
export function ButtonLink({ icon, kind = "", children, ...rest }) {
  return html`<${Link} class=${`button ${kind}`} ...${rest}>${icon && html`<${Icon} name=${icon} />`}${children}<//>`;
}

async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = Object.assign(document.createElement("textarea"), { value: text });
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand("copy"); // Without TLS a browser offers nothing else.
  area.remove();
  if (!isCopied) throw new DOMException("copying was refused", "NotAllowedError");
  return undefined;
}

/** Copies a text and says so. @param {{text: string|(() => Promise<string>), label: string, children?: any}} props
 *   `text`: or what fetches it */
export function CopyButton({ text, label, children = "Copy" }) {
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return undefined;
    const timer = setTimeout(() => setCopied(false), COPIED_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);
  const press = async () => {
    try {
      await copy(typeof text === "function" ? await text() : text);
      setCopied(true);
    } catch (error) {
      notify(error instanceof DOMException ? "The browser did not allow copying" : reasonOf(error), true);
    }
  };
  return html`<button type="button" class="button small" aria-label=${isCopied ? "Copied" : label} title=${label}
    onClick=${press}>
    <${Icon} name=${isCopied ? "check" : "copy"} /><span aria-live="polite">${isCopied ? "Copied" : children}</span>
  </button>`;
}

/** One of a few, in a row. @param {{label: string, name: string, options: [string, string][], value: string,
 *   onChange: (value: string) => void}} props */
export function Segmented({ label, name, options, value, onChange }) {
  return html`<fieldset class="segmented" role="radiogroup" aria-label=${label}>
    ${options.map(
      ([option, text]) => html`<label key=${option}>
        <input type="radio" name=${name} value=${option} checked=${option === value}
          onChange=${() => onChange(option)} />
        <span>${text}</span>
      </label>`,
    )}
  </fieldset>`;
}

/** A command to type in a shell, with a button that copies it. @param {{text: string}} props */
export function Command({ text }) {
  return html`<div class="command">
    <code>${text}</code><${CopyButton} text=${text} label=${`Copy the command ${text}`} />
  </div>`;
}
