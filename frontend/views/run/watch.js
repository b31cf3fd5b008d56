/** Watch it learn: a slider over the generations that plays the elite of each. */

import { html, useEffect, useRef } from "../../vendor/preact-htm.module.js";
import { Segmented } from "../../components/buttons.js";
import { Icon } from "../../components/icons.js";
import { Player } from "../../components/player.js";
import { mean } from "../../format.js";
import { recordingOf, rolloutWords } from "../../rollouts.js";
import { Link, policyPath, setQuery, withQuery } from "../../router.js";
import { nearest, since } from "../../watching.js";

const EPISODES = [
  ["median", "Median"],
  ["best", "Best"],
  ["worst", "Worst"],
];

/** @param {{watching: {items: import("../../types.js").EliteRollout[], generation: number|null, isChosen: boolean,
 *   choices: number, choose: (generation: number) => void}, query: Object<string, string>}} props */
export function Watch({ watching: { items, generation, isChosen, choices, choose }, query }) {
  const section = useRef(null);
  useEffect(() => {
    if (isChosen) section.current?.scrollIntoView({ block: "nearest" });
  }, [isChosen, generation, choices]);
  if (!items.length) return null;
  const place = nearest(items, generation);
  const elite = items[place];
  const first = since(items, place);
  const label = EPISODES.some(([name]) => name === query.episode) ? query.episode : "median";
  const rollout = recordingOf(elite.rollouts, label);
  return html`<section class="card recordings" aria-labelledby="watch" ref=${section}>
    <h2 id="watch">Watch it learn</h2>
    <div class="watch">
      <${Player} label="Elite at play" items=${[{ key: "elite", rollout }]} isEager=${isChosen}
        turn=${choices} />
      <div class="watch-side">
        <${Slider} items=${items} place=${place} choose=${choose} />
        <p><b>Generation ${elite.generation}</b>${elite.mean == null ? "" : `: elite's mean ${mean(elite.mean)}`}
          ${first < elite.generation && html`<span class="quiet-text">, the elite since generation ${first}</span>`}</p>
        <${Segmented} label="Episode" name="episode" options=${EPISODES} value=${label}
          onChange=${(value) => setQuery({ episode: value === "median" ? null : value })} />
        <p class="quiet-text">${rolloutWords(rollout)}</p>
        <p><${Link} href=${policyPath({ id: elite.policy })}>The elite's page<//> ·${" "}
          <${Link} href=${withQuery({ generation: String(elite.generation) })}>Individuals of the generation<//></p>
      </div>
    </div>
  </section>`;
}

function Slider({ items, place, choose }) {
  const to = (next) => choose(items[next].generation);
  const { generation, mean: middle } = items[place];
  const text = `Generation ${generation}${middle == null ? "" : `, elite's mean ${mean(middle)}`}`;
  const step = (next, icon, name) => html`<button type="button" class="button quiet icon-only" aria-label=${name}
    title=${name} disabled=${!(next in items)} onClick=${() => to(next)}><${Icon} name=${icon} /></button>`;
  return html`<div class="watch-slider">
    ${step(place - 1, "back", "Elite before")}
    <input type="range" aria-label="Generation of the elite" aria-valuetext=${text} min="0" max=${items.length - 1}
      step="1" value=${place} onInput=${(event) => to(Number(event.currentTarget.value))} />
    ${step(place + 1, "next", "Elite after")}
  </div>`;
}
