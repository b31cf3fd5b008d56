/** Tabs, moved through with the arrow keys. */

import { html, useRef } from "../vendor/preact-htm.module.js";

const STEPS = { ArrowRight: 1, ArrowLeft: -1 };

/** @param {{label: string, tabs: [string, string][], chosen: string, onChoose: (name: string) => void,
 *   children: any}} props */
export function Tabs({ label, tabs, chosen, onChoose, children }) {
  const list = useRef(null);
  const press = (event) => {
    const step = STEPS[event.key];
    if (!step) return;
    const place = tabs.findIndex(([name]) => name === chosen);
    const next = (place + step + tabs.length) % tabs.length;
    onChoose(tabs[next][0]);
    list.current.children[next].focus();
  };
  return html`<section class="section">
    <div class="tabs" role="tablist" aria-label=${label} ref=${list} onKeyDown=${press}>
      ${tabs.map(
        ([name, text]) => html`<button key=${name} type="button" role="tab" id=${`tab-${name}`}
          aria-controls="tab-panel"
          aria-selected=${name === chosen} tabindex=${name === chosen ? 0 : -1}
          onClick=${() => onChoose(name)}>${text}</button>`,
      )}
    </div>
    <div role="tabpanel" id="tab-panel" aria-labelledby=${`tab-${chosen}`}>${children}</div>
  </section>`;
}
