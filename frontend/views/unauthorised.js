/** For a browser that the server does not know. */

import { html } from "../vendor/preact-htm.module.js";
import { Button, Command } from "../components/buttons.js";
import { Mark } from "../components/icons.js";
import { useTitle } from "../hooks.js";

/** Shown instead of everything else after an answer 401. */
export function Unauthorised() {
  useTitle("Not signed in");
  return html`<main class="gate">
    <div class="gate-card">
      <${Mark} />
      <h1>Open the link that <code>neuroevo up</code> printed</h1>
      <p>This browser has no valid token. The link in the terminal carries one; open it once and this browser is
        remembered. It looks like this:</p>
      <p class="example"><code>${location.origin}/?token=…</code></p>
      <p>The terminal is gone? The data folder has the token, in <code>connection.json</code>:</p>
      <${Command} text="cat data/connection.json" />
      <p><${Button} icon="reset" onClick=${() => location.reload()}>I have opened it: try again<//></p>
      <p class="quiet-text">A token that was right before is wrong after the server was given another one.</p>
    </div>
  </main>`;
}
