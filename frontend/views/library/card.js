/** A policy in the grid. */

import { html } from "../../vendor/preact-htm.module.js";
import { Normalised, OriginOf, Tags } from "../../components/policy.js";
import { Poster } from "../../components/poster.js";
import { Score } from "../../components/values.js";
import { environmentName, plural } from "../../format.js";
import { mark, picked, toggled } from "../../library.js";
import { Link, policyPath, setQuery } from "../../router.js";

/** @param {{policy: import("../../types.js").PolicySummary, query: Object<string, string>}} props */
export function PolicyCard({ policy, query }) {
  const { id, name, environment, architecture, length, origin, score, normalised, tags, rollout } = policy;
  const game = environmentName(environment.id);
  return html`<li class="card policy-card">
    <${Link} href=${policyPath(policy)} tabindex="-1" aria-hidden="true"><${Poster} id=${id} rollout=${rollout} /><//>
    <article class="policy-body" aria-label=${name}>
      <div class="policy-head">
        <h2><${Link} href=${policyPath(policy)}>${name}<//></h2>
        <${Mark} policy=${policy} query=${query} />
      </div>
      <p class="policy-score" title=${score ? `${score.source}: ${score.protocol}` : undefined}>
        ${score ? html`<${Score} summary=${score} />` : html`<span class="none">not scored</span>`}
        <${Normalised} value=${normalised} />
      </p>
      <p class="quiet-text" title=${`${environment.id}, ${architecture.name}, ${plural(length, "seed")}`}>
        ${game} · <${OriginOf} origin=${origin} />
      </p>
      <${Tags} tags=${tags} />
    </article>
  </li>`;
}

function Mark({ policy, query }) {
  const isPicked = picked(query).includes(mark(policy));
  return html`<input type="checkbox" class="mark-box" aria-label=${`Compare ${policy.name}`} title="Mark to compare"
    checked=${isPicked} onChange=${() => setQuery(toggled(query, mark(policy)))} />`;
}
