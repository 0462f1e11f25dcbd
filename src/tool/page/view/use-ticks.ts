import { useEffect, useState } from 'preact/hooks';

/** Draws the component again every second, while there is something that passes. */
export function useTicks(running: boolean): void {
  const [, setTick] = useState(0);
  useEffect(() => {
    if (!running) return undefined;
    const timer = setInterval(() => setTick((tick) => tick + 1), 1000);
    return () => clearInterval(timer);
  }, [running]);
}
