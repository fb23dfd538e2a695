// Errors of the system that do not say which file they are about.

/** The error of a call on an open file does not say which: here it does. */
export function naming<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw named(path, error);
  }
}

/** The same of a call that goes on. */
export function namingCall<T>(path: string, call: Promise<T>): Promise<T> {
  return call.catch((error: unknown) => {
    throw named(path, error);
  });
}

function named(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || !("syscall" in error) || "path" in error) return error;
  return Object.assign(error, { path });
}
