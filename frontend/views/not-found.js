/** An address that names nothing. */

import { html } from "../vendor/preact-htm.module.js";
import { ButtonLink } from "../components/buttons.js";
import { Empty } from "../components/notices.js";
import { useTitle } from "../hooks.js";

/** @param {{what?: string, back?: "/runs"|"/policies"}} props */
export function NotFound({ what = "There is nothing at this address", back = "/runs" }) {
  useTitle("Not found");
  return html`<${Empty} title=${what} level="h1">
    <p>It may have been deleted, or the link is incomplete.</p>
    <p><${ButtonLink} href=${back}>Show all ${back === "/runs" ? "runs" : "policies"}<//></p>
  <//>`;
}
