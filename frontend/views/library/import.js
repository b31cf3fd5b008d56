/** Documents brought into the library: dropped onto the page, or chosen. */

import { html, useRef, useState } from "../../vendor/preact-htm.module.js";
import { importPolicy } from "../../api.js";
import { Button } from "../../components/buttons.js";
import { Note } from "../../components/notices.js";
import { plural, reasonOf } from "../../format.js";
import { useMayOperate } from "../../hooks.js";
import { navigate, policyPath } from "../../router.js";
import { notify } from "../../session.js";

const MOST_BYTES = 1_000_000;

async function importFile(file) {
  if (file.size > MOST_BYTES) throw new Error("It has more than a megabyte: that is no chain's document.");
  return importPolicy(await file.text());
}

/** Imports of files: one that succeeds alone is opened. @param {() => void} onImported
 * @returns {{files: (files: File[]) => Promise<void>, isBusy: boolean, problems: Object[], dismiss: () => void}} */
export function useImport(onImported) {
  const [{ isBusy, problems }, setState] = useState({ isBusy: false, problems: [] });
  const files = async (chosen) => {
    setState({ isBusy: true, problems: [] });
    const outcomes = await Promise.allSettled(chosen.map(importFile));
    const failed = outcomes.flatMap(({ reason }, place) =>
      reason ? [{ name: chosen[place].name, reason: reasonOf(reason) }] : [],
    );
    const taken = outcomes.flatMap(({ value }) => value ?? []);
    setState({ isBusy: false, problems: failed });
    if (taken.length) onImported();
    if (taken.length === 1 && !failed.length) navigate(policyPath(taken[0]));
    if (taken.length) notify(taken.length === 1 ? `${taken[0].name} is in the library` : `${taken.length} imported`);
  };
  const dismiss = () => setState({ isBusy, problems: [] });
  return { files, isBusy, problems, dismiss };
}

/** Files that were not taken, and why. @param {{problems: {name: string, reason: string}[],
 *   onDismiss: () => void}} props */
export function Refused({ problems, onDismiss }) {
  if (!problems.length) return null;
  return html`<${Note} tone="bad" role="alert">
    <p><b>${plural(problems.length, "file")} not imported.</b></p>
    <ul>${problems.map(({ name, reason }) => html`<li key=${name}><b>${name}</b>: ${reason}</li>`)}</ul>
    <p><${Button} kind="small" onClick=${onDismiss}>Dismiss<//></p>
  <//>`;
}

/** @param {{files: (files: File[]) => Promise<void>, isBusy: boolean}} props */
export function ImportButton({ files, isBusy }) {
  const input = useRef(null);
  const mayOperate = useMayOperate();
  if (!mayOperate) return null;
  const choose = (event) => {
    const chosen = [...event.currentTarget.files];
    event.currentTarget.value = "";
    if (chosen.length) files(chosen);
  };
  return html`<${Button} icon="plus" busy=${isBusy} onClick=${() => input.current.click()}>Import<//>
    <input type="file" ref=${input} class="hidden" tabindex="-1" aria-label="Documents to import" multiple
      accept=".json,application/json" onChange=${choose} />`;
}

const hasFiles = (event) => event.dataTransfer?.types.includes("Files");

/** Takes files that are dropped onto what it holds. @param {{onFiles: (files: File[]) => void, children: any}} props */
export function DropPlace({ onFiles, children }) {
  const [isOver, setOver] = useState(false);
  const mayOperate = useMayOperate();
  const over = (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    setOver(true);
  };
  const leave = (event) => !event.currentTarget.contains(event.relatedTarget) && setOver(false);
  const drop = (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    setOver(false);
    onFiles([...event.dataTransfer.files]);
  };
  if (!mayOperate) return html`<div role="region" aria-label="Library">${children}</div>`;
  return html`<div class="drop-place" role="region" aria-label="Library; drop chain documents here" onDragOver=${over}
    onDragLeave=${leave} onDrop=${drop}>
    ${children}
    ${isOver && html`<div class="drop-sign" aria-hidden="true"><p>Drop to import</p></div>`}
  </div>`;
}
