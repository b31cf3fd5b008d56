/** What of the library is shown, and in what order. */

import { html, useEffect, useState } from "../../vendor/preact-htm.module.js";
import { Icon } from "../../components/icons.js";
import { environmentName } from "../../format.js";
import { ORIGINS, ordering, SORTS } from "../../library.js";
import { setQuery } from "../../router.js";

const PAUSE_MS = 250; // A request for each pause in typing, not for each key.

/** @param {{query: Object<string, string>, items: import("../../types.js").PolicySummary[]}} props
 *   `items`: those loaded, whose environments and tags are offered */
export function Filters({ query, items }) {
  return html`<div class="filters" role="search" aria-label="Policies">
    <${Search} value=${query.q ?? ""} />
    <${Offer} label="Environment" name="environment" value=${query.environment ?? ""}
      offered=${items.map(({ environment }) => environment.id)} text=${environmentName} />
    <${Offer} label="Tag" name="tag" value=${query.tag ?? ""} offered=${items.flatMap(({ tags }) => tags)} />
    <${Origins} chosen=${query.origin ?? ""} />
    ${query.run && html`<button type="button" class="button small" onClick=${() => setQuery({ run: null })}>
      Run ${query.run}<${Icon} name="close" /><span class="hidden">show all runs</span></button>`}
    <${Order} query=${query} />
  </div>`;
}

function Search({ value }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return undefined;
    const timer = setTimeout(() => setQuery({ q: text }), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return html`<div class="search">
    <${Icon} name="search" />
    <input type="search" aria-label="Search policies" placeholder="Name, environment, tag or id" value=${text}
      onInput=${(event) => setText(event.currentTarget.value)} />
  </div>`;
}

const offeredBefore = {}; // What pages showed before: a choice of one environment must not hide the others.

function Offer({ label, name, value, offered, text = (one) => one }) {
  offeredBefore[name] = new Set([...(offeredBefore[name] ?? []), ...offered, ...(value ? [value] : [])]);
  const options = [...offeredBefore[name]].sort();
  if (!options.length) return null;
  return html`<label class="offer"><span class="hidden">${label}</span>
    <select value=${value} onChange=${(event) => setQuery({ [name]: event.currentTarget.value })}>
      <option value="" selected=${!value}>${`Any ${label.toLowerCase()}`}</option>
      ${options.map(
        (option) => html`<option key=${option} value=${option} selected=${option === value}>${text(option)}</option>`,
      )}
    </select>
  </label>`;
}

function Origins({ chosen }) {
  return html`<fieldset class="chips" role="radiogroup" aria-label="Origin">
    ${ORIGINS.map(
      ([origin, text]) => html`<label key=${origin}>
        <input type="radio" name="origin" value=${origin} checked=${origin === chosen}
          onChange=${() => setQuery({ origin })} />
        <span>${text}</span>
      </label>`,
    )}
  </fieldset>`;
}

function Order({ query }) {
  const { sort, order } = ordering(query);
  const other = order === "asc" ? "desc" : "asc";
  const name = `Order: ${order === "asc" ? "ascending" : "descending"}. Turn it round`;
  return html`<div class="order">
    <label><span class="quiet-text">Sort by</span>${" "}
      <select value=${sort} onChange=${(event) => setQuery({ sort: event.currentTarget.value, order: null })}>
        ${SORTS.map(([key, text]) => html`<option key=${key} value=${key} selected=${key === sort}>${text}</option>`)}
      </select></label>
    <button type="button" class=${`button icon-only turn ${order}`} aria-label=${name} title=${name}
      onClick=${() => setQuery({ order: other })}><${Icon} name="chevron" /></button>
  </div>`;
}
