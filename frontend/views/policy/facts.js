/** What a policy is: its network, its chain's size against its weights', its fingerprint, people's scores. */

import { html } from "../../vendor/preact-htm.module.js";
import { exact, percent, plural, score, setting, size } from "../../format.js";
import { CopyButton } from "../../components/buttons.js";

const FINGERPRINT_SHOWN = 16;

/** @param {{policy: import("../../types.js").PolicyDetail}} props */
export function Facts({ policy }) {
  const { architecture, parameters, environment, format, length, id } = policy;
  const options = Object.entries(environment.options ?? {}).filter(([, value]) => value != null);
  return html`<section class="card group" aria-label="Facts">
    <dl class="facts">
      <${Size} policy=${policy} />
      <dt>Network</dt><dd>${architecture.name}, <span class="number">${exact(parameters)}</span> weights</dd>
      <dt>Chain</dt><dd>${plural(length, "seed")}, format ${format}</dd>
      <${People} policy=${policy} />
      <dt>Environment</dt>
      <dd>${environment.id}
        <span class="under">${options.map(([key, value]) => optionText(key, value)).join(" · ")}</span></dd>
      <dt>Fingerprint</dt>
      <dd><${Digest} text=${policy.parameters_sha256} name="fingerprint" />
        <span class="under">SHA-256 of the weights, float32, little-endian</span></dd>
      <dt>Id</dt><dd><${Digest} text=${id} name="id" /></dd>
    </dl>
  </section>`;
}

const optionText = (key, value) => `${key.replaceAll("_", " ")} ${setting(value)}`;

function Size({ policy: { chain_bytes: chain, weights_bytes: weights } }) {
  const ratio = weights / chain;
  return html`<dt>Compression</dt>
    <dd><b class="number">${ratio >= 10 ? exact(Math.round(ratio)) : ratio.toFixed(1)}×</b>
      <span class="under number">${size(weights)} of weights from ${size(chain)} of seeds</span></dd>`;
}

function People({ policy: { reference, normalised } }) {
  if (!reference) return null;
  const value = normalised == null ? "not scored" : percent(normalised);
  return html`<dt>Human-normalised</dt>
    <dd><b class="number">${value}</b>
      <span class="under">0% is random play (${score(reference.random)}), 100% people (${score(reference.human)}).${" "}
        ${reference.source}.</span></dd>`;
}

function Digest({ text, name }) {
  if (!text) return html`<span class="none">not worked out</span>`;
  return html`<span class="digest"><code title=${text}>${text.slice(0, FINGERPRINT_SHOWN)}…</code>
    <${CopyButton} text=${text} label=${`Copy the ${name}`} /></span>`;
}
