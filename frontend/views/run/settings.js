/** A run's configuration, with what differs from a preset. */

import { html, useState } from "../../vendor/preact-htm.module.js";
import { getPresets } from "../../api.js";
import { nearestPreset } from "../../budget.js";
import { CopyButton } from "../../components/buttons.js";
import { Resource } from "../../components/notices.js";
import { setting } from "../../format.js";
import { useResource } from "../../hooks.js";
import { differences, fieldsOf, optionFields, valueAt } from "../../schema.js";

const NAMED = { path: "environment.id", title: "Environment", help: "The game played.", unit: null };

/** @param {{run: import("../../types.js").RunDetail}} props */
export function Settings({ run }) {
  const resource = useResource("presets", getPresets);
  const show = (presets) => html`<${Comparison} run=${run} presets=${presets} />`;
  return html`<${Resource} resource=${resource}>${show}<//>`;
}

function Comparison({ run, presets: { items, schema } }) {
  const { configuration } = run;
  const fields = [NAMED, ...optionFields(schema, configuration.environment.id), ...fieldsOf(schema)];
  const compared = fields.filter(({ path }) => path !== "seed");
  const distance = (preset) => differences(compared, configuration, preset.configuration).length;
  const made = items.find((item) => item.name === run.preset);
  const [name, setName] = useState(() => (made ?? nearestPreset(items, distance))?.name);
  const preset = items.find((item) => item.name === name);
  const changed = new Set(differences(compared, configuration, preset.configuration));
  const count = changed.size ? `${changed.size} of ${compared.length} values differ` : "no value differs";
  return html`<div class="settings">
    <div class="settings-head">
      <${PresetChoice} presets=${items} name=${name} onChoose=${setName} />
      <span class="quiet-text">${count}</span>
      <${CopyButton} text=${JSON.stringify(configuration, null, 2)} label="Copy as JSON: the configuration">
        Copy as JSON
      <//>
    </div>
    <div class="card"><table class="table settings-table">
      <caption class="hidden">Configuration</caption>
      <thead><tr><th scope="col">Setting</th><th scope="col">Value</th><th scope="col">Preset</th></tr></thead>
      <tbody>
        ${fields.map(
          (field) => html`<${Row} key=${field.path} field=${field} configuration=${configuration} preset=${preset}
            isChanged=${changed.has(field.path)} />`,
        )}
      </tbody>
    </table></div>
    <${Engine} run=${run} />
  </div>`;
}

function PresetChoice({ presets, name, onChoose }) {
  const option = (preset) => html`<option key=${preset.name} value=${preset.name} selected=${preset.name === name}>
    ${preset.title}
  </option>`;
  return html`<label>Compared with the preset
    <select value=${name} onChange=${(event) => onChoose(event.currentTarget.value)}>${presets.map(option)}</select>
  </label>`;
}

function Row({ field, configuration, preset, isChanged }) {
  const value = valueAt(configuration, field.path);
  const unit = field.unit && value != null ? unitFor(field.unit, value) : "";
  return html`<tr class=${isChanged ? "changed" : ""}>
    <th scope="row" title=${field.help}>${groupOf(field.path)}${field.title}</th>
    <td class="number">${setting(value)}${" "}<span class="quiet-text">${unit}</span></td>
    <td class="number quiet-text">${isChanged ? setting(valueAt(preset.configuration, field.path)) : "same"}</td>
  </tr>`;
}

function unitFor(unit, value) {
  return value === 1 && unit.length > 1 ? unit.replace(/s$/, "") : unit;
}

function groupOf(path) {
  return path.startsWith("budget.") ? "Budget: " : "";
}

function Engine({ run }) {
  return html`<dl class="facts">
    <dt>Engine</dt><dd class="mono">${run.engine ?? "not known until a worker has described the environment"}</dd>
    <dt>Network</dt><dd class="mono">${run.architecture ? JSON.stringify(run.architecture) : "not known yet"}</dd>
  </dl>`;
}
