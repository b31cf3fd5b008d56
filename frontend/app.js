/** The whole page: what surrounds every view, and the view that the route names. */

import { html, useEffect, useErrorBoundary, useRef } from "./vendor/preact-htm.module.js";
import { Button } from "./components/buttons.js";
import { Banner, Notice, TopBar } from "./components/shell.js";
import { useStore, useTitle } from "./hooks.js";
import { useRoute } from "./router.js";
import { Compare } from "./views/compare.js";
import { Library } from "./views/library.js";
import { NewRun } from "./views/new-run.js";
import { NotFound } from "./views/not-found.js";
import { Policy } from "./views/policy.js";
import { Run } from "./views/run.js";
import { Runs } from "./views/runs.js";
import { Tokens } from "./views/tokens.js";
import { Unauthorised } from "./views/unauthorised.js";
import { Workers } from "./views/workers.js";

const VIEWS = {
  runs: Runs,
  "new-run": NewRun,
  run: Run,
  library: Library,
  policy: Policy,
  compare: Compare,
  workers: Workers,
  tokens: Tokens,
  "not-found": NotFound,
};

/** The dashboard. */
export function App() {
  const route = useRoute();
  const isUnauthorised = useStore((state) => state.unauthorised);
  const main = useRef(null);
  const place = `${route.page} ${route.id}`;
  const previous = useRef(place);
  useEffect(() => {
    if (previous.current === place) return;
    previous.current = place;
    scrollTo(0, 0);
    main.current?.focus();
  }, [place]);
  if (isUnauthorised) return html`<${Unauthorised} />`;
  return html`<a class="skip hidden" href="#main">Skip to the content</a>
    <${TopBar} page=${route.page} />
    <${Banner} />
    <main id="main" tabindex="-1" ref=${main}><${Guarded} key=${place} route=${route} /></main>
    <${Notice} />`;
}

/** A view; a fault in it leaves the rest of the page standing. */
function Guarded({ route }) {
  const [error, reset] = useErrorBoundary((reason) => console.error(reason));
  const View = VIEWS[route.page];
  return error ? html`<${Broken} onRetry=${reset} />` : html`<${View} route=${route} />`;
}

function Broken({ onRetry }) {
  useTitle("Something broke");
  return html`<div class="empty" role="alert">
    <h1>This page broke</h1>
    <p>The fault is the dashboard's; your runs go on. The browser's console has the details.</p>
    <p><${Button} icon="reset" onClick=${onRetry}>Show it again<//></p>
  </div>`;
}
