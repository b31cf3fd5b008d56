/** A policy in the grid. */

import { html, useMemo } from "../../vendor/preact-htm.module.js";
import { Normalised, OriginOf, Tags } from "../../components/policy.js";
import { Poster } from "../../components/poster.js";
import { Score } from "../../components/values.js";
import { environmentName, plural } from "../../format.js";
import { mark, MOST_PICKED, picked, toggled } from "../../library.js";
import { Link, parseRoute, policyPath, setQuery } from "../../router.js";
import { notify } from "../../session.js";

/** @param {{policy: import("../../types.js").PolicySummary, isPicked: boolean}} props */
export function PolicyCard({ policy, isPicked }) {
  // One of thousands: drawn again only when it changes itself.
  return useMemo(() => html`<${Body} policy=${policy} isPicked=${isPicked} />`, [policy, isPicked]);
}

function Body({ policy, isPicked }) {
  const { id, name, environment, architecture, length, origin, score, normalised, tags, rollout } = policy;
  const game = environmentName(environment.id);
  return html`<li class="card policy-card">
    <${Link} href=${policyPath(policy)} tabindex="-1" aria-hidden="true"><${Poster} id=${id} rollout=${rollout} /><//>
    <article class="policy-body" aria-label=${name}>
      <div class="policy-head">
        <h2><${Link} href=${policyPath(policy)}>${name}<//></h2>
        <${Mark} policy=${policy} isPicked=${isPicked} />
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

function Mark({ policy, isPicked }) {
  const turn = () => {
    const { query } = parseRoute(location.pathname, location.search);
    if (!isPicked && picked(query).length === MOST_PICKED) {
      notify(`${MOST_PICKED} are compared at once, at most: the one marked first is unmarked`);
    }
    setQuery(toggled(query, mark(policy)));
  };
  return html`<input type="checkbox" class="mark-box" aria-label=${`Compare ${policy.name}`} title="Mark to compare"
    checked=${isPicked} onChange=${turn} />`;
}
