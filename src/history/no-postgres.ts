/** What answered does not speak as PostgreSQL does, or gave no answer. */
export class NoPostgres extends Error {
  constructor(cause: unknown) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    super(`its answer can't be used: ${problem}`, { cause });
  }
}
