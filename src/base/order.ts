// Things that need each other, put in order.

/** All that the roots need, each after what it needs itself; those in a circle in some order. */
export function dependencyOrder<T>(roots: Iterable<T>, needsOf: (each: T) => Iterable<T>): T[] {
  const sorted: T[] = [];
  const seen = new Set<T>();
  for (const root of roots) {
    const stack = [{ each: root, isDone: false }];
    for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
      if (top.isDone) sorted.push(top.each);
      if (top.isDone || seen.has(top.each)) continue;
      seen.add(top.each);
      stack.push({ each: top.each, isDone: true });
      for (const each of needsOf(top.each)) stack.push({ each, isDone: false });
    }
  }
  return sorted;
}
