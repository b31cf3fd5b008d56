/** One field of a configuration, generated from the JSON schema: label, input, unit, help, error. */

import { html } from "../vendor/preact-htm.module.js";
import { setting } from "../format.js";
import { Icon } from "./icons.js";

const idOf = (path) => `field-${path.replaceAll(".", "-")}`;

/**
 * @param {{
 *   field: import("../schema.js").Field, text: string, value: any, base: any, error: string|null,
 *   onType: (text: string) => void, onChoose: (value: any) => void, onLeave: () => void,
 * }} props `base`: the value before any change, to go back to
 */
export function Field({ field, base, value, error, onChoose, ...rest }) {
  const id = idOf(field.path);
  const isChanged = JSON.stringify(value ?? null) !== JSON.stringify(base ?? null);
  const described = error ? `${id}-error ${id}-help` : `${id}-help`;
  const shared = { id, name: field.path, "aria-describedby": described, "aria-invalid": error ? "true" : undefined };
  return html`<div class=${`field${error ? " invalid" : ""}${field.kind === "boolean" ? " field-switch" : ""}`}>
    <div class="field-head">
      <label for=${id}>${field.title}</label>
      ${isChanged && html`<${Reset} base=${base} title=${field.title} onReset=${() => onChoose(base)} />`}
    </div>
    <${Control} field=${field} value=${value} shared=${shared} onChoose=${onChoose} ...${rest} />
    ${error && html`<p class="error-text" id=${`${id}-error`}>${error}</p>`}
    <p class="help" id=${`${id}-help`}>
      ${field.help}${" "}${field.source && html`<span class="source">Source: ${field.source}.</span>`}
    </p>
  </div>`;
}

function Reset({ base, title, onReset }) {
  const name = `Put ${title} back to ${setting(base)}`;
  return html`<button type="button" class="reset" aria-label=${name} title=${name} onClick=${onReset}>
    <${Icon} name="reset" />${setting(base)}
  </button>`;
}

function Control({ field, value, text, shared, onType, onChoose, onLeave }) {
  if (field.kind === "choice") {
    const pick = (event) => onChoose(event.currentTarget.value);
    return html`<select ...${shared} value=${value} onChange=${pick}>
      ${field.choices.map(
        (choice) => html`<option key=${choice} value=${choice} selected=${choice === value}>${choice}</option>`,
      )}
    </select>`;
  }
  if (field.kind === "boolean") {
    const flip = (event) => onChoose(event.currentTarget.checked);
    return html`<input type="checkbox" ...${shared} checked=${Boolean(value)} onChange=${flip} />`;
  }
  const isNumber = field.kind === "integer" || field.kind === "number";
  return html`<div class="input">
    <input type="text" ...${shared} inputmode=${isNumber ? "decimal" : "text"} autocomplete="off" spellcheck="false"
      placeholder=${field.optional ? "none" : ""} value=${text} onInput=${(event) => onType(event.currentTarget.value)}
      onBlur=${onLeave} />
    ${field.unit && html`<span class="unit" aria-hidden="true">${field.unit}</span>`}
  </div>`;
}
