/** The presets as cards, one of which is chosen. */

import { html } from "../vendor/preact-htm.module.js";
import { compact, environmentName } from "../format.js";

/** @param {{presets: import("../types.js").PresetView[], chosen: string|null,
 *   onChoose: (name: string) => void}} props */
export function PresetCards({ presets, chosen, onChoose }) {
  return html`<fieldset class="presets" role="radiogroup" aria-label="Preset">
    ${presets.map(
      (preset) => html`<label key=${preset.name} class="preset">
        <input type="radio" name="preset" value=${preset.name} checked=${preset.name === chosen}
          onChange=${() => onChoose(preset.name)} />
        <span class="preset-body">
          <b>${preset.title}</b>
          <span class="help">${preset.description}</span>
          <span class="preset-facts number">${factsOf(preset.configuration)}</span>
        </span>
      </label>`,
    )}
  </fieldset>`;
}

function factsOf({ environment, population, parents, architecture }) {
  const sizes = [`${compact(population)} individuals`, `${compact(parents)} parents`];
  return [environmentName(environment.id), architecture, ...sizes].join(" · ");
}
