/** What of the library is shown, and in what order. */

import { html, useEffect, useState } from "../../vendor/preact-htm.module.js";
import { Icon } from "../../components/icons.js";
import { environmentName, exact } from "../../format.js";
import { choices, ORIGINS, ordering, SORTS } from "../../library.js";
import { setQuery } from "../../router.js";

const PAUSE_MS = 250; // A request for each pause in typing, not for each key.

const NONE = { environments: [], origins: [], runs: [], tags: [] };

/** @param {{query: Object<string, string>, facets: import("../../types.js").PolicyFacets|null}} props
 *   `facets`: how many policies each choice would show; null while that is not known */
export function Filters({ query, facets }) {
  const { environments, origins, runs, tags } = facets ?? NONE;
  const offer = (label, name, found, wordsOf) => html`<${Offer} label=${label} name=${name} value=${query[name] ?? ""}
    options=${choices(found, query[name] ?? "", wordsOf)} />`;
  return html`<div class="filters" role="search" aria-label="Policies">
    <${Search} value=${query.q ?? ""} />
    ${offer("Environment", "environment", environments, environmentName)}
    ${offer("Run", "run", runs)}
    ${offer("Tag", "tag", tags)}
    <${Origins} chosen=${query.origin ?? ""} origins=${facets && origins} />
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

function Offer({ label, name, value, options }) {
  if (!options.length) return null;
  return html`<div class="offer">
    <select aria-label=${label} value=${value} onChange=${(event) => setQuery({ [name]: event.currentTarget.value })}>
      <option value="" selected=${!value}>${`Any ${label.toLowerCase()}`}</option>
      ${options.map(
        ([option, text]) => html`<option key=${option} value=${option} selected=${option === value}>${text}</option>`,
      )}
    </select>
  </div>`;
}

function Origins({ chosen, origins }) {
  const count = (origin) =>
    origins.filter(({ value }) => !origin || value === origin).reduce((sum, { count }) => sum + count, 0);
  return html`<fieldset class="chips" role="radiogroup" aria-label="Origin">
    ${ORIGINS.map(
      ([origin, text]) => html`<label key=${origin}>
        <input type="radio" name="origin" value=${origin} checked=${origin === chosen} aria-label=${text}
          onChange=${() => setQuery({ origin })} />
        <span>${text}${origins && html`${" "}<span class="quiet-text number">${exact(count(origin))}</span>`}</span>
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
