/** For a browser that the server does not know. */

import { html, useState } from "../vendor/preact-htm.module.js";
import { Button, Command } from "../components/buttons.js";
import { signIn } from "../api.js";
import { Mark } from "../components/icons.js";
import { useTitle } from "../hooks.js";

/** Shown instead of everything else after an answer 401. */
export function Unauthorised() {
  useTitle("Not signed in");
  return html`<main class="gate">
    <div class="gate-card">
      <${Mark} />
      <h1>Open the link that <code>neuroevo up</code> printed</h1>
      <p>This browser is not known here. The link in the terminal lets one browser in, once; this prints another:</p>
      <${Command} text="neuroevo token link" />
      <${SignIn} />
      <p><${Button} icon="reset" onClick=${() => location.reload()}>I have opened it: try again<//></p>
      <p class="quiet-text">A browser that was known before is not any more after its token was revoked.</p>
    </div>
  </main>`;
}

function SignIn() {
  const [token, setToken] = useState("");
  const [error, setError] = useState(null);
  const submit = (event) => {
    event.preventDefault();
    signIn({ token: token.trim() }).then(() => location.reload(), setError);
  };
  return html`<form onSubmit=${submit}>
    <div class=${`field${error ? " invalid" : ""}`}>
      <label for="token">Or give a token</label>
      <div class="input"><input type="password" id="token" required autocomplete="off" value=${token}
        aria-invalid=${error ? "true" : undefined} aria-describedby=${error ? "token-error" : undefined}
        onInput=${(event) => setToken(event.currentTarget.value)} /></div>
      ${error && html`<p class="error-text" id="token-error" role="alert">${error.message}</p>`}
    </div>
    <p><button type="submit" class="button">Sign in</button></p>
  </form>`;
}
