/** A combobox over the environments that workers announce; any other id may be typed. */

import { html, useRef, useState } from "../vendor/preact-htm.module.js";
import { plural } from "../format.js";

const SHOWN = 60;
const LIST = "environment-options";

/** Environments whose id has every word typed, but for the classic Atari games: no run evolves what plays those.
 * @param {import("../types.js").EnvironmentView[]} environments @param {string} text */
export function matching(environments, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const isClassic = ({ id, family }) => family === "atari" && !id.startsWith("ALE/");
  const isFit = (each) => !isClassic(each) && words.every((word) => each.id.toLowerCase().includes(word));
  return environments.filter(isFit).slice(0, SHOWN);
}

/** @param {{environments: import("../types.js").EnvironmentView[], value: string, error: string|null,
 *   onChoose: (id: string) => void}} props */
export function EnvironmentChooser({ environments, value, error, onChoose }) {
  const [text, setText] = useState(null); // What is being typed; null while the list is closed.
  const [active, setActive] = useState(-1);
  const list = useRef(null);
  const found = text === null ? [] : matching(environments, text);
  const isOpen = found.length > 0;
  const finish = (id) => {
    if (id.trim()) onChoose(id.trim());
    setText(null);
    setActive(-1);
  };
  const write = (event) => {
    setText(event.currentTarget.value);
    setActive(-1);
  };
  const move = (step) => {
    const next = (active + step + found.length) % found.length;
    setActive(next);
    list.current?.children[next]?.scrollIntoView({ block: "nearest" });
  };
  const press = (event) => {
    const keys = {
      ArrowDown: () => (isOpen ? move(1) : setText("")),
      ArrowUp: () => isOpen && move(-1),
      Enter: () => text !== null && finish(found[active]?.id ?? text),
      Escape: () => finish(value),
    };
    if (!(event.key in keys)) return;
    event.preventDefault();
    keys[event.key]();
  };
  const describedBy = error ? "environment-error environment-help" : "environment-help";
  const input = {
    value: text ?? value,
    onFocus: (event) => event.currentTarget.select(),
    onClick: () => text === null && setText(""),
    onInput: write,
    onKeyDown: press,
    onBlur: () => text !== null && finish(text || value),
  };
  return html`<div class=${`field${error ? " invalid" : ""}`}>
    <div class="field-head"><label for="environment">Environment</label></div>
    <div class="combobox">
      <input id="environment" name="environment.id" type="text" role="combobox" autocomplete="off" spellcheck="false"
        placeholder="Search, or type a Gymnasium id" aria-expanded=${isOpen} aria-controls=${LIST}
        aria-autocomplete="list" aria-activedescendant=${active >= 0 ? `${LIST}-${active}` : undefined}
        aria-describedby=${describedBy} aria-invalid=${error ? "true" : undefined} ...${input} />
      <ul id=${LIST} ref=${list} role="listbox" aria-label="Environments" hidden=${!isOpen}>
        ${found.map(
          (environment, place) => html`<${Option} key=${environment.id} place=${place} environment=${environment}
            isActive=${place === active} onPick=${finish} />`,
        )}
      </ul>
    </div>
    ${error && html`<p class="error-text" id="environment-error">${error}</p>`}
    <p class="help" id="environment-help">${helpFor(environments)}</p>
  </div>`;
}

function Option({ environment, place, isActive, onPick }) {
  const pick = (event) => {
    event.preventDefault(); // The input keeps the focus.
    onPick(environment.id);
  };
  const about = `${environment.family} · ${plural(environment.workers, "worker")}`;
  return html`<li id=${`${LIST}-${place}`} role="option" aria-selected=${isActive} onMouseDown=${pick}>
    <span>${environment.id}</span><span class="quiet-text">${about}</span>
  </li>`;
}

function helpFor({ length }) {
  if (!length) return "No worker is connected: type any Gymnasium id, and the run waits for a worker that knows it.";
  return `${plural(length, "environment")} on the connected workers. Any other Gymnasium id may be typed.`;
}
