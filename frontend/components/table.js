/** Parts of tables: headers that sort, a way to more rows. */

import { html, useEffect, useRef, useState } from "../vendor/preact-htm.module.js";
import { navigate } from "../router.js";
import { notify } from "../session.js";
import { Button } from "./buttons.js";
import { Icon } from "./icons.js";

/** A header that sorts by its column. @param {{column: string, sort: string, order: "asc"|"desc",
 *   onSort: (column: string) => void, wide?: string, children: any}} props `class`: as any cell's */
export function SortHeader({ column, sort, order, onSort, children, ...rest }) {
  const isSorted = sort === column;
  const direction = order === "asc" ? "ascending" : "descending";
  return html`<th scope="col" aria-sort=${isSorted ? direction : "none"} ...${rest}>
    <button type="button" class=${`sort${isSorted ? ` ${order}` : ""}`} onClick=${() => onSort(column)}>
      ${children}<${Icon} name="chevron" />
    </button>
  </th>`;
}

/** For a row's onClick: goes where its link goes, unless the press was meant for something in it.
 * @param {string} href @returns {(event: MouseEvent) => void} */
export function openRow(href) {
  return (event) => {
    if (event.target.closest("a, button") || String(getSelection())) return;
    navigate(href);
  };
}

/** Loads further pages. @param {{cursor: string|null, onMore: (cursor: string) => Promise<void>, isEager?: boolean,
 *   children: any}} props `isEager`: also when it is scrolled into sight */
export function More({ cursor, onMore, isEager = false, children }) {
  const [isBusy, setBusy] = useState(false);
  const place = useRef(null);
  const look = useRef(null);
  useEffect(() => {
    if (!isEager || !place.current) return undefined;
    const observer = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && look.current());
    observer.observe(place.current);
    return () => observer.disconnect();
  }, [cursor]);
  if (!cursor) return null;
  const load = () => {
    setBusy(true);
    onMore(cursor).catch((error) => notify(error.message, true)).then(() => setBusy(false));
  };
  look.current = load;
  return html`<div class="more" ref=${place}><${Button} busy=${isBusy} onClick=${load}>${children}<//></div>`;
}
