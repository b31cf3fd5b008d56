/** Hooks: the store, resources from the server, events, the clock. */

import { useCallback, useEffect, useRef, useState } from "./vendor/preact-htm.module.js";
import { follow, listen, store } from "./session.js";

/** A part of the state, following its changes. @template T @param {(state: import("./store.js").State) => T} select
 * @returns {T} */
export function useStore(select) {
  const [, redraw] = useState(0);
  const latest = useRef({ select, shown: undefined });
  latest.current = { select, shown: select(store.state) };
  useEffect(() => {
    const look = () => {
      if (latest.current.select(store.state) !== latest.current.shown) redraw((count) => count + 1);
    };
    look();
    return store.subscribe(look);
  }, []);
  return latest.current.shown;
}

/** Whether this browser may change things; what it may not do it is not offered. */
export function useMayOperate() {
  return useStore((state) => state.role === null || state.role === "operator");
}

/**
 * Something loaded from the server: anew when `key` changes, after a resync, on `reload`, and if it failed when the
 * server or its database is back. What was loaded before under the same key stays while it is loaded again, and when
 * that fails.
 *
 * @template T @param {string} key @param {(signal: AbortSignal) => Promise<T>} load
 * @returns {{data: T|null, error: Error|null, reload: () => void, change: (change: (data: T|null) => T|null) => void}}
 */
export function useResource(key, load) {
  const loads = useStore((state) => state.loads);
  const isOnline = useStore((state) => state.connection.phase === "online" && !state.trouble);
  const [asked, setAsked] = useState(0);
  const [state, setState] = useState({ key, data: null, error: null });
  useEffect(() => {
    const controller = new AbortController();
    load(controller.signal).then(
      (data) => !controller.signal.aborted && setState({ key, data, error: null }),
      (error) => !controller.signal.aborted && setState((old) => failed(old, key, error)),
    );
    return () => controller.abort();
  }, [key, loads, asked]);
  useEffect(() => {
    if (isOnline && state.error) reload();
  }, [isOnline]);
  const reload = useCallback(() => setAsked((count) => count + 1), []);
  const change = useCallback((alter) => setState((old) => ({ ...old, data: alter(old.data) })), []);
  const isCurrent = state.key === key;
  return { data: isCurrent ? state.data : null, error: isCurrent ? state.error : null, reload, change };
}

function failed(old, key, error) {
  return { key, data: old.key === key ? old.data : null, error };
}

/** Hear every live event while shown. @param {(event: Object) => void} handle */
export function useEvents(handle) {
  const latest = useRef(handle);
  latest.current = handle;
  useEffect(() => listen((event) => latest.current(event)), []);
}

/** Follow these topics while shown, beside those that every page follows. @param {...string} topics */
export function useFollow(...topics) {
  useEffect(() => {
    follow(topics);
    return () => follow([]);
  }, [topics.join(" ")]);
}

/** Milliseconds of the clock, read again every `period` milliseconds. @param {number} period */
export function useNow(period) {
  const [now, setNow] = useState(Date.now());
  useEvery(period, () => setNow(Date.now()));
  return now;
}

/** Do something again and again while shown. @param {number} period milliseconds @param {() => void} act */
export function useEvery(period, act) {
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => {
    const timer = setInterval(() => latest.current(), period);
    return () => clearInterval(timer);
  }, [period]);
}

/** The document's title while shown. @param {string} title */
export function useTitle(title) {
  useEffect(() => {
    document.title = title ? `${title} · Neuroevolution` : "Neuroevolution";
  }, [title]);
}
