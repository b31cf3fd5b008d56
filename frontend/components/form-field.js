/** A field bound to the form's state. */

import { html } from "../vendor/preact-htm.module.js";
import { choose, complaint, textOf, touch, type } from "../form.js";
import { valueAt } from "../schema.js";
import { Field } from "./field.js";

/** @param {{form: import("../form.js").Form, field: import("../schema.js").Field,
 *   setForm: (change: (form: import("../form.js").Form) => import("../form.js").Form) => void}} props */
export function FormField({ form, field, setForm }) {
  const { path } = field;
  return html`<${Field} field=${field} text=${textOf(form, field)} value=${valueAt(form.values, path)}
    base=${valueAt(form.base, path)}
    error=${complaint(form, path)} onType=${(text) => setForm((old) => type(old, field, text))}
    onChoose=${(value) => setForm((old) => choose(old, path, value))}
    onLeave=${() => setForm((old) => touch(old, path))} />`;
}

/** The run's name. @param {{value: string, error?: string, help: string, onInput: (text: string) => void}} props */
export function NameField({ value, error, help, onInput }) {
  return html`<div class=${`field${error ? " invalid" : ""}`}>
    <div class="field-head"><label for="field-name">Name</label></div>
    <div class="input"><input id="field-name" name="name" type="text" maxlength="100" autocomplete="off" value=${value}
      aria-describedby=${error ? "field-name-error field-name-help" : "field-name-help"}
      aria-invalid=${error ? "true" : undefined}
      onInput=${(event) => onInput(event.currentTarget.value)} /></div>
    ${error && html`<p class="error-text" id="field-name-error">${error}</p>`}
    <p class="help" id="field-name-help">${help}</p>
  </div>`;
}
