/** Who may ask: tokens and browsers, for operators to make, renew and revoke. */

import { html, useState } from "../vendor/preact-htm.module.js";
import { createLink, createToken, listTokens, revokeToken, rotateToken } from "../api.js";
import { Button, CopyButton, Segmented } from "../components/buttons.js";
import { Confirm, Dialog } from "../components/dialog.js";
import { Empty, Loading, Note, Resource } from "../components/notices.js";
import { Ago } from "../components/values.js";
import { reasonOf } from "../format.js";
import { useResource, useStore, useTitle } from "../hooks.js";
import { Link } from "../router.js";
import { notify } from "../session.js";

const ROLES = [
  ["viewer", "Viewer"],
  ["operator", "Operator"],
  ["worker", "Worker"],
];
const MEANINGS = {
  viewer: "Looks at everything and changes nothing.",
  operator: "Does everything, these tokens included.",
  worker: "Claims and reports work; sees no page.",
};
const STATES = { active: "Valid", expired: "Expired", revoked: "Revoked" };

/** The page of tokens. */
export function Tokens() {
  useTitle("Tokens");
  const role = useStore((state) => state.role);
  if (role === null) return html`<div class="page"><${Loading} /></div>`;
  if (role !== "operator") {
    return html`<${Empty} title="Tokens are the operators'" level="h1">
      <p>This browser may look and change nothing. An operator can give it more.</p>
    <//>`;
  }
  return html`<${Page} />`;
}

function Page() {
  const resource = useResource("tokens", listTokens);
  const [asked, setAsked] = useState(null);
  const [shown, setShown] = useState(null);
  const close = () => setAsked(null);
  const show = (made) => {
    setAsked(null);
    setShown(made);
    resource.reload();
  };
  const forget = () => setShown(null);
  return html`<div class="page">
    <nav aria-label="Where this is"><ol class="crumbs"><li><${Link} href="/workers">Workers<//></li>
      <li aria-current="page">Tokens</li></ol></nav>
    <div class="run-title"><h1 class="page-title">Tokens</h1>
      <div class="controls" role="group" aria-label="Controls">
        <${Button} icon="plus" kind="primary" onClick=${() => setAsked({ kind: "create" })}>New token<//>
        <${Button} icon="plus" onClick=${() => setAsked({ kind: "link" })}>Let a browser in<//>
      </div>
    </div>
    <p class="quiet-text">Beside these the server's own token opens everything; it stands in the server's settings.</p>
    <${Resource} resource=${resource}>${({ items }) => html`<${List} items=${items} onAsk=${setAsked} />`}<//>
    ${asked?.kind === "create" && html`<${Create} onDone=${show} onClose=${close} />`}
    ${asked?.kind === "link" && html`<${MakeLink} onDone=${show} onClose=${close} />`}
    ${asked?.kind === "rotate" && html`<${Rotate} token=${asked.token} onDone=${show} onClose=${close} />`}
    ${asked?.kind === "revoke" && html`<${Revoke} token=${asked.token} onDone=${resource.reload} onClose=${close} />`}
    ${shown && html`<${Secret} ...${shown} onClose=${forget} />`}
  </div>`;
}

function List({ items, onAsk }) {
  if (!items.length) {
    return html`<${Empty} title="No token but the server's own">
      <p>Make one for each person and each group of machines: it can be revoked without the others.</p>
    <//>`;
  }
  return html`<div class="card"><table class="table">
    <caption class="hidden">Tokens and browsers</caption>
    <thead><tr>
      <th scope="col">Name</th><th scope="col">Role</th><th scope="col">State</th>
      <th scope="col" class="at-medium">Made</th><th scope="col" class="at-medium">Used</th>
      <th scope="col" class="right"><span class="hidden">Actions</span></th>
    </tr></thead>
    <tbody>${items.map((token) => html`<${Row} key=${token.id} token=${token} onAsk=${onAsk} />`)}</tbody>
  </table></div>`;
}

function Row({ token, onAsk }) {
  const { id, kind, name, role, state, issuer, created_at: made, used_at: used } = token;
  const about = kind === "browser" ? `browser, let in by ${issuer ?? "the server's own token"}` : id;
  const ask = (action) => () => onAsk({ kind: action, token });
  return html`<tr class=${state === "active" ? "" : "gone"}>
    <th scope="row">${name}<span class="under">${about}</span></th>
    <td>${role}</td>
    <td>${STATES[state]}</td>
    <td class="at-medium quiet-text"><${Ago} at=${made} /></td>
    <td class="at-medium quiet-text">${used ? html`<${Ago} at=${used} />` : "–"}</td>
    <td class="right">${state === "active" && html`<span class="row-actions">
      ${kind === "token" && html`<${Button} kind="small" aria-label=${`New secret for ${name}`}
        onClick=${ask("rotate")}>Rotate<//>`}
      <${Button} kind="small" aria-label=${`Revoke ${name}`} onClick=${ask("revoke")}>Revoke<//>
    </span>`}</td>
  </tr>`;
}

/** A form whose request gives what is then shown once. */
function useSubmit(make, onDone) {
  const [{ isBusy, error }, setState] = useState({ isBusy: false, error: null });
  const submit = async (event) => {
    event.preventDefault();
    setState({ isBusy: true, error: null });
    try {
      onDone(await make());
    } catch (reason) {
      setState({ isBusy: false, error: reason });
    }
  };
  return { isBusy, error, submit };
}

function Form({ form, action, onClose, children }) {
  return html`<form onSubmit=${form.submit}>
    ${children}
    ${form.error && html`<p class="error-text" role="alert">${reasonOf(form.error)}</p>`}
    <div class="actions">
      <${Button} onClick=${onClose}>Cancel<//>
      <button type="submit" class="button primary" disabled=${form.isBusy} aria-busy=${form.isBusy}>${action}</button>
    </div>
  </form>`;
}

function Create({ onDone, onClose }) {
  const [name, setName] = useState("");
  const [role, setRole] = useState("viewer");
  const form = useSubmit(async () => {
    const { secret } = await createToken({ name, role });
    return { title: `The secret of ${name}`, text: secret };
  }, onDone);
  return html`<${Dialog} title="New token" onClose=${onClose}>
    <${Form} form=${form} action="Make the token" onClose=${onClose}>
      <div class="field"><label for="token-name">Name</label>
        <input type="text" id="token-name" required maxlength="100" value=${name} autocomplete="off"
          aria-describedby="token-name-help" onInput=${(event) => setName(event.currentTarget.value)} />
        <p class="help" id="token-name-help">Whose it is, or what for.</p></div>
      <${Segmented} label="Role" name="token-role" options=${ROLES} value=${role} onChange=${setRole} />
      <p class="help">${MEANINGS[role]}</p>
    <//>
  <//>`;
}

function MakeLink({ onDone, onClose }) {
  const [role, setRole] = useState("viewer");
  const form = useSubmit(async () => {
    const { path } = await createLink({ role });
    return { title: "A link for one browser", text: location.origin + path, isLink: true };
  }, onDone);
  return html`<${Dialog} title="Let a browser in" onClose=${onClose}>
    <${Form} form=${form} action="Make the link" onClose=${onClose}>
      <${Segmented} label="Role" name="link-role" options=${ROLES.slice(0, 2)} value=${role} onChange=${setRole} />
      <p class="help">${MEANINGS[role]} The link opens once, within ten minutes.</p>
    <//>
  <//>`;
}

function Rotate({ token, onDone, onClose }) {
  const rotate = async () => {
    const { secret } = await rotateToken(token.id);
    onDone({ title: `The new secret of ${token.name}`, text: secret });
  };
  return html`<${Confirm} title=${`A new secret for ${token.name}?`} action="Make a new secret"
    onConfirm=${rotate} onClose=${onClose}>
    <p>The old secret, and the browsers that it let in, open nothing from then on.</p>
  <//>`;
}

function Revoke({ token, onDone, onClose }) {
  const revoke = async () => {
    await revokeToken(token.id);
    onDone();
    notify(`${token.name} is revoked`);
  };
  return html`<${Confirm} title=${`Revoke ${token.name}?`} action="Revoke" danger
    onConfirm=${revoke} onClose=${onClose}>
    <p>It opens nothing any more, nor do the browsers that it let in. This cannot be undone.</p>
  <//>`;
}

function Secret({ title, text, isLink = false, onClose }) {
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <div class="command"><code>${text}</code>
      <${CopyButton} text=${text} label=${isLink ? "Copy the link" : "Copy the secret"} /></div>
    <${Note} tone="warn">${isLink ? "It opens once, within ten minutes." : "Keep it now: nobody can show it again."}<//>
    <div class="actions"><${Button} kind="primary" onClick=${onClose}>Done<//></div>
  <//>`;
}
