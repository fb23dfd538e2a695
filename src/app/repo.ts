// Repositories of packages, signed.
import { readPackageKey } from "#keys/package-key.ts";
import type { RepositoryKindName } from "#ship/repository/kinds.ts";
import { updateRepository, type Repository } from "#ship/repository/repository.ts";

export interface RepoRequest {
  kind: RepositoryKindName;
  folder: string;
  add: readonly string[];
  keyFile: string;
  suite: string;
  origin: string;
  /** Seconds since 1970; without it, now. */
  epoch: number | undefined;
}

/** @throws what `updateRepository` and `readPackageKey` throw */
export function repo({ keyFile, epoch, ...request }: RepoRequest): Promise<Repository> {
  return updateRepository({
    ...request,
    key: readPackageKey(keyFile),
    certificateFile: `${keyFile}.asc`,
    timeSeconds: epoch ?? Math.floor(Date.now() / 1000),
  });
}
