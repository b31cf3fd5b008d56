/** Dialogs on the browser's own element: it keeps the focus inside, closes on Escape and gives the focus back. */

import { html, useEffect, useRef, useState } from "../vendor/preact-htm.module.js";
import { Button } from "./buttons.js";

let dialogs = 0;

/** @param {{title: string, onClose: () => void, children: any}} props */
export function Dialog({ title, onClose, children }) {
  const element = useRef(null);
  const [heading] = useState(() => `dialog-${(dialogs += 1)}`);
  useEffect(() => {
    const returnTo = document.activeElement;
    element.current.showModal();
    return () => returnTo?.focus?.();
  }, []);
  const pressBeside = (event) => event.target === element.current && onClose();
  return html`<dialog ref=${element} aria-labelledby=${heading} onClose=${onClose} onMouseDown=${pressBeside}>
    <div class="dialog-body"><h2 id=${heading}>${title}</h2>${children}</div>
  </dialog>`;
}

/** Asks before something that cannot be undone. @param {{title: string, action: string, danger?: boolean,
 *   onConfirm: () => Promise<void>, onClose: () => void, children: any}} props */
export function Confirm({ title, action, danger = false, onConfirm, onClose, children }) {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState(null);
  const confirm = () => {
    setBusy(true);
    onConfirm().then(onClose, (reason) => {
      setError(reason);
      setBusy(false);
    });
  };
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <div class="prose">${children}</div>
    ${error && html`<p class="error-text" role="alert">${error.message}${error.detail ? `: ${error.detail}` : ""}</p>`}
    <div class="actions">
      <${Button} onClick=${onClose} autofocus>Cancel<//>
      <${Button} kind=${danger ? "danger" : "primary"} busy=${isBusy} onClick=${confirm}>${action}<//>
    </div>
  <//>`;
}
