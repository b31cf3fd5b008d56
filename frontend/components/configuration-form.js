/** Every field of a configuration, in groups; what is seldom changed is folded away. */

import { html } from "../vendor/preact-htm.module.js";
import { chooseEnvironment, complaint } from "../form.js";
import { setting } from "../format.js";
import { optionFields, valueAt } from "../schema.js";
import { EnvironmentChooser } from "./environment-chooser.js";
import { FormField, NameField } from "./form-field.js";

const GROUPS = [
  ["Evolution", ["architecture", "hidden", "population", "parents", "mutation_power"]],
  ["Choosing the elite", ["candidates", "validation_episodes"]],
  ["Budget", ["budget.generations", "budget.frames", "budget.seconds", "budget.target_score"]],
];
const GROUPED = new Set(GROUPS.flatMap(([, paths]) => paths));

/** Whether a field means anything with the values chosen. @param {string} path @param {Object} values */
function applies(path, values) {
  if (path === "hidden") return values.architecture === "mlp";
  if (path === "validation_episodes") return values.candidates > 0;
  return true;
}

/** @param {{form: import("../form.js").Form, setForm: Function, name: string, setName: (name: string) => void,
 *   environments: import("../types.js").EnvironmentView[]}} props */
export function ConfigurationForm({ form, setForm, name, setName, environments }) {
  const fields = new Map(form.fields.map((field) => [field.path, field]));
  const rest = form.fields.filter(({ path }) => !GROUPED.has(path) && path !== "environment");
  const known = (id) => environments.find((environment) => environment.id === id);
  const chooseGame = (id) => setForm((old) => chooseEnvironment(old, id, known(id)));
  const isShown = (path) => fields.has(path) && applies(path, form.values);
  const show = (field) => html`<${FormField} key=${field.path} form=${form} field=${field} setForm=${setForm} />`;
  return html`
    <section class="card group" aria-labelledby="group-game">
      <h2 id="group-game">Game</h2>
      <div class="fields">
        <${EnvironmentChooser} environments=${environments} value=${form.values.environment.id}
          error=${complaint(form, "environment.id")} onChoose=${chooseGame} />
        <${NameField} value=${name} error=${form.refusals.name} onInput=${setName}
          help="For people; empty: one is made up, such as brave-otter." />
      </div>
      <${Options} form=${form} show=${show} />
    </section>
    ${GROUPS.map(
      ([title, paths]) => html`<section key=${title} class="card group" aria-label=${title}>
        <h2>${title}</h2>
        <div class="fields">${paths.filter(isShown).map((path) => show(fields.get(path)))}</div>
      </section>`,
    )}
    <section class="card group" aria-label="Advanced">
      <${Fold} title="Advanced" form=${form} fields=${rest} show=${show} />
    </section>
  `;
}

function Options({ form, show }) {
  const fields = optionFields(form.schema, form.values.environment.id);
  if (!fields.length) return null;
  return html`<${Fold} title="Options of the game" form=${form} fields=${fields} show=${show} />`;
}

/** Fields behind a line that says what they are set to. It opens by itself where something is wrong. */
function Fold({ title, form, fields, show }) {
  const isWrong = fields.some(({ path }) => complaint(form, path));
  const word = ({ title, path }) => `${title.toLowerCase()} ${setting(valueAt(form.values, path))}`;
  return html`<details class="fold" open=${isWrong || undefined}>
    <summary>${title}${" "}<span class="quiet-text">${fields.map(word).join(" · ")}</span></summary>
    <div class="fields">${fields.map(show)}</div>
  </details>`;
}
