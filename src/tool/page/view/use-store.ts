import { useEffect, useState } from 'preact/hooks';

/** Interface of a store that components use: its state and a subscription to changes. */
interface Store<S> {
  readonly state: S;
  subscribe(listener: () => void): () => void;
}

/** State of a store; the component is rerendered when it changes. */
export function useStore<S>(store: Store<S>): S {
  const [state, setState] = useState(store.state);
  useEffect(() => {
    setState(store.state);
    return store.subscribe(() => setState(store.state));
  }, [store]);
  return state;
}
