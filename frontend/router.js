/** The address bar as state: the path names the page, the query holds how it is looked at. */

import { html, useEffect, useState } from "./vendor/preact-htm.module.js";

const PAGES = [
  [/^\/runs\/?$/, "runs"],
  [/^\/runs\/new\/?$/, "new-run"],
  [/^\/runs\/(?<slug>[^/]+)\/?$/, "run"],
  [/^\/policies\/?$/, "library"],
  [/^\/policies\/compare\/?$/, "compare"],
  [/^\/policies\/(?<slug>[^/]+)\/?$/, "policy"],
  [/^\/workers\/?$/, "workers"],
  [/^\/tokens\/?$/, "tokens"],
];
const HOME = "/runs";
const ID_DIGITS = 16;
const CHANGE = "neuroevo:navigate";

/** @typedef {{page: string, id: string|null, query: Object<string, string>}} Route */

/** What an address shows. A run's path ends in its id: /runs/brave-otter-k3f9x2.
 * @param {string} path @param {string} search @returns {Route} */
export function parseRoute(path, search) {
  const query = Object.fromEntries(new URLSearchParams(search));
  for (const [pattern, page] of PAGES) {
    const match = pattern.exec(path === "/" ? HOME : path);
    if (match) return { page, id: match.groups?.slug?.split("-").at(-1) ?? null, query };
  }
  return { page: "not-found", id: null, query };
}

/** A run's own address. @param {{id: string, name: string}} run */
export function runPath({ id, name }) {
  const slug = name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
  return `/runs/${slug ? `${slug}-` : ""}${id}`;
}

/** A policy's own address: by the beginning of its id, which is long enough to be its alone.
 * @param {{id: string}} policy */
export function policyPath({ id }) {
  return `/policies/${id.slice(0, ID_DIGITS)}`;
}

/** The address that shows policies side by side. @param {string[]} ids */
export function comparePath(ids) {
  return `/policies/compare?${new URLSearchParams(ids.map((id) => ["id", id.slice(0, ID_DIGITS)]))}`;
}

/** Go to an address of the dashboard. @param {string} address @param {{replace?: boolean}} [how] */
export function navigate(address, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"](null, "", address);
  dispatchEvent(new Event(CHANGE));
}

/** The current address with parts of its query changed; null or "" takes a part away.
 * @param {Object<string, string|null>} changes */
export function withQuery(changes) {
  const query = new URLSearchParams(location.search);
  for (const [key, value] of Object.entries(changes)) {
    if (value == null || value === "") query.delete(key);
    else query.set(key, value);
  }
  const search = query.toString();
  return location.pathname + (search ? `?${search}` : "");
}

/** Change the query in place, without an entry in the history. @param {Object<string, string|null>} changes */
export function setQuery(changes) {
  navigate(withQuery(changes), { replace: true });
}

/** The route now and after each navigation. @returns {Route} */
export function useRoute() {
  const read = () => parseRoute(location.pathname, location.search);
  const [route, setRoute] = useState(read);
  useEffect(() => {
    const update = () => setRoute(read());
    addEventListener(CHANGE, update);
    addEventListener("popstate", update);
    return () => {
      removeEventListener(CHANGE, update);
      removeEventListener("popstate", update);
    };
  }, []);
  return route;
}

/** An ordinary link that does not load the page anew; new tabs and downloads stay the browser's. */
export function Link({ href, children, ...rest }) {
  const follow = (event) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(href);
  };
  return html`<a href=${href} onClick=${follow} ...${rest}>${children}</a>`;
}
