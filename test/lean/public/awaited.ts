/** Cases that the kernel does not get right yet, and why; each is taken out with the change that mends it. */
export const AWAITED: Readonly<Record<string, string>> = {};
