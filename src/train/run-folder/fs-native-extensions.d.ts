/** The part of fs-native-extensions, which has no types of its own, that is used. */
declare module 'fs-native-extensions' {
  /**
   * Locks bytes of an open file for this open file alone, until it is closed or its process has ended. (Open file
   * description locks on Linux, `flock` on macOS, `LockFileEx` on Windows.)
   *
   * @returns whether no other has a lock on them
   */
  export function tryLock(fd: number, offset?: number, length?: number): boolean;
}
