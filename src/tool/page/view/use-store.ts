import { useEffect, useState } from 'preact/hooks';

/** What a component needs of a store: its state, and to be told of every change. */
interface Store<S> {
  readonly state: S;
  subscribe(listener: () => void): () => void;
}

/** The state of a store; the component is drawn again when it changes. */
export function useStore<S>(store: Store<S>): S {
  const [state, setState] = useState(store.state);
  useEffect(() => {
    setState(store.state);
    return store.subscribe(() => setState(store.state));
  }, [store]);
  return state;
}
