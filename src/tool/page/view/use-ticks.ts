import { useEffect, useState } from 'preact/hooks';

/** Rerenders the component every second while `running`. */
export function useTicks(running: boolean): void {
  const [, setTick] = useState(0);
  useEffect(() => {
    if (!running) return undefined;
    const timer = setInterval(() => setTick((tick) => tick + 1), 1000);
    return () => clearInterval(timer);
  }, [running]);
}
