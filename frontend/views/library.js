/** The library: all policies as a grid. The address holds filters, search, order and what is marked to compare. */

import { html, useRef, useState } from "../vendor/preact-htm.module.js";
import { countPolicies, listPolicies } from "../api.js";
import { Button, ButtonLink } from "../components/buttons.js";
import { Empty, Resource } from "../components/notices.js";
import { More } from "../components/table.js";
import { plural } from "../format.js";
import { useEvents, useFollow, useMayOperate, useResource, useTitle } from "../hooks.js";
import { filtersOf, isFiltered, joined, mark, picked, wish, withPolicy } from "../library.js";
import { comparePath, setQuery } from "../router.js";
import { PolicyCard } from "./library/card.js";
import { Filters } from "./library/filters.js";
import { DropPlace, ImportButton, Refused, useImport } from "./library/import.js";

const PAGE = 48;
const NO_FILTER = { q: null, environment: null, origin: null, tag: null, run: null };

function usePolicies(query) {
  const asked = wish(query);
  const resource = useResource(`policies ${JSON.stringify(asked)}`, (signal) =>
    listPolicies({ ...asked, limit: PAGE }, signal),
  );
  const filters = filtersOf(query);
  const counts = useResource(`facets ${JSON.stringify(filters)}`, (signal) => countPolicies(filters, signal));
  const facets = useRef(null);
  facets.current = counts.data ?? facets.current; // The old choices stay while new ones are counted.
  const [news, setNews] = useState(new Set());
  useEvents(({ type, policy }) => {
    if (type !== "policy.changed") return;
    const isShown = resource.data?.items.some(({ id }) => id === policy.id);
    if (isShown) resource.change((page) => withPolicy(page, policy));
    else setNews((known) => new Set(known).add(policy.id));
  });
  const more = async (cursor) => {
    const next = await listPolicies({ ...asked, limit: PAGE, cursor });
    resource.change((page) => joined(page, next));
  };
  const refresh = () => {
    setNews(new Set());
    resource.reload();
    counts.reload();
  };
  return { resource, facets: facets.current, more, news: news.size, refresh };
}

/** @param {{route: import("../router.js").Route}} props */
export function Library({ route: { query } }) {
  useTitle("Library");
  useFollow("policies");
  const { resource, facets, more, news, refresh } = usePolicies(query);
  const take = useImport(refresh);
  return html`<${DropPlace} onFiles=${take.files}>
    <div class="page">
      <div class="run-title">
        <h1 class="page-title">Library</h1>
        <p class="quiet-text" role="status">${facets && plural(facets.total, "policy", "policies")}</p>
        <div class="controls"><${CompareLink} query=${query} />
          <${ImportButton} files=${take.files} isBusy=${take.isBusy} /></div>
      </div>
      <${Refused} problems=${take.problems} onDismiss=${take.dismiss} />
      <${Filters} query=${query} facets=${facets} />
      ${news > 0 && html`<p role="status"><${Button} kind="small" icon="reset" onClick=${refresh}>
        ${plural(news, "policy", "policies")} changed or new: show<//></p>`}
      <${Resource} resource=${resource} rows=${6}>
        ${({ items, next_cursor }) => html`<${Grid} items=${items} query=${query} />
          <${More} cursor=${next_cursor} onMore=${more} isEager>Load more policies<//>`}
      <//>
    </div>
  <//>`;
}

function CompareLink({ query }) {
  const ids = picked(query);
  if (!ids.length) return null;
  if (ids.length === 1) return html`<span class="quiet-text">Mark one more to compare</span>`;
  return html`<${Button} kind="quiet" onClick=${() => setQuery({ pick: null })}>Unmark all<//>
    <${ButtonLink} kind="primary" href=${comparePath(ids)}>Compare ${ids.length}<//>`;
}

function Grid({ items, query }) {
  if (!items.length) return isFiltered(query) ? html`<${NothingFits} />` : html`<${NothingYet} />`;
  const marked = new Set(picked(query));
  return html`<ul class="policies" aria-label="Policies">
    ${items.map(
      (policy) => html`<${PolicyCard} key=${policy.id} policy=${policy} isPicked=${marked.has(mark(policy))} />`,
    )}
  </ul>`;
}

function NothingFits() {
  return html`<${Empty} title="No policy fits">
    <p><${Button} onClick=${() => setQuery(NO_FILTER)}>Show all policies<//></p>
  <//>`;
}

function NothingYet() {
  if (!useMayOperate()) return html`<${Empty} title="No policy yet" />`;
  return html`<${Empty} title="No policy yet">
    <p>Every run's elites appear here when their generations close. A chain's document can be dropped onto this
      page.</p>
    <p><${ButtonLink} href="/runs/new" icon="plus" kind="primary">New run<//></p>
  <//>`;
}
