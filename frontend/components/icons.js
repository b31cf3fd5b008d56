/** Icons of one family: 16 pixels, drawn with one line. They are decoration; the text beside them names things. */

import { html } from "../vendor/preact-htm.module.js";

const PATHS = {
  alert: "M8 2 1.8 13h12.4L8 2Zm0 4.2v3.3m0 1.9v.1",
  back: "M9.5 3.5 5 8l4.5 4.5",
  check: "m3 8.5 3.2 3.2L13 5",
  chevron: "m4.5 6.5 3.5 3.5 3.5-3.5",
  clone: "M5.5 5.5v-3h8v8h-3m-8-5h8v8h-8v-8Z",
  close: "m4 4 8 8m0-8-8 8",
  copy: "M5.5 5.5v-3h8v8h-3m-8-5h8v8h-8v-8Z",
  dark: "M13.5 9.6A5.8 5.8 0 0 1 6.4 2.5a5.8 5.8 0 1 0 7.1 7.1Z",
  download: "M8 2.5v7.5m-3-3 3 3 3-3M3 13.5h10",
  edit: "m9.5 4 2.5 2.5M3 13l.6-3L11 2.6 13.4 5 6 12.4 3 13Z",
  info: "M8 2.2a5.8 5.8 0 1 1 0 11.6A5.8 5.8 0 0 1 8 2.2Zm0 5.3v3.3m0-5.6v.1",
  light:
    "M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6Z" +
    "M8 1.5v1.2m0 10.6v1.2M1.5 8h1.2m10.6 0h1.2M3.4 3.4l.9.9m7.4 7.4.9.9m0-9.2-.9.9m-7.4 7.4-.9.9",
  next: "M6.5 3.5 11 8l-4.5 4.5",
  pause: "M5.5 3.5v9m5-9v9",
  play: "M5 3.2v9.6L12.6 8 5 3.2Z",
  plus: "M8 3v10M3 8h10",
  reset: "M3 3v3.2h3.2M3.2 6.2a5.2 5.2 0 1 1-.4 3.2",
  search: "M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9Zm3.3 7.8 3.2 3.2",
  stepback: "M11.5 3.5 6 8l5.5 4.5v-9ZM4 3.5v9",
  stepon: "M4.5 3.5 10 8l-5.5 4.5v-9ZM12 3.5v9",
  stop: "M4 4h8v8H4z",
  system: "M2 3h12v8H2V3Zm3.5 10.5h5M8 11v2.5",
  trash: "M2.5 4.5h11m-7-2h3m-5 2 .6 9h5.8l.6-9M6.7 7v4m2.6-4v4",
};

/** @param {{name: keyof PATHS}} props */
export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
    <path d=${PATHS[name]} />
  </svg>`;
}

/** The product's mark: seeds that climb. */
export function Mark() {
  return html`<svg class="mark" viewBox="0 0 32 32" width="22" height="22" aria-hidden="true" focusable="false">
    <rect width="32" height="32" rx="8" />
    <path d="M9 23 14 16l4 3 5-9" />
    <circle cx="9" cy="23" r="3" /><circle cx="14" cy="16" r="2.4" /><circle cx="18" cy="19" r="2.4" />
    <circle cx="23" cy="10" r="3.4" />
  </svg>`;
}
