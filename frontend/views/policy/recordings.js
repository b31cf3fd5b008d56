/** The policy at play: its recordings, one of which is shown. */

import { html } from "../../vendor/preact-htm.module.js";
import { Player } from "../../components/player.js";
import { Poster } from "../../components/poster.js";
import { score } from "../../format.js";
import { arranged, LABELS, recordingOf, rolloutWords } from "../../rollouts.js";
import { setQuery } from "../../router.js";
import { Verify } from "./verify.js";

/** @param {{policy: import("../../types.js").PolicyDetail, query: Object<string, string>, change: Function}} props */
export function Recordings({ policy, query, change }) {
  const rollouts = arranged(policy.rollouts);
  const shown = rollouts.find(({ id }) => id === query.rollout) ?? recordingOf(rollouts);
  return html`<section class="card recordings" aria-label="Recordings">
    ${shown
      ? html`<${Player} label="Player" items=${[{ key: "only", rollout: shown }]} isEager=${"play" in query} />`
      : html`<div class="screen standby"><${Poster} id=${policy.id} rollout=${null} />
          <div class="standby-word"><p>Not recorded yet</p></div></div>`}
    ${rollouts.length > 1 && html`<${Choice} rollouts=${rollouts} shown=${shown} />`}
    ${shown && html`<p class="quiet-text">${rolloutWords(shown)}</p>
      <${Verify} key=${shown.id} policy=${policy} rollout=${shown} change=${change} />`}
  </section>`;
}

function Choice({ rollouts, shown }) {
  return html`<fieldset class="chips" role="radiogroup" aria-label="Recording">
    ${rollouts.map(
      ({ id, label, seed, score: points }) => html`<label key=${id} title=${`seed ${seed}`}>
        <input type="radio" name="recording" value=${id} checked=${id === shown.id}
          onChange=${() => setQuery({ rollout: id })} />
        <span>
          ${LABELS[label] ?? label}${" "}<span class="quiet-text number">${points == null ? "" : score(points)}</span>
        </span>
      </label>`,
    )}
  </fieldset>`;
}
