// The database of a Nix store: schema 10 in the shape that Nix 2.8.0 creates. Every version from 2.8 to 2.36
// reads it (later ones migrate it in place, and 2.8 still reads the result). Tables, columns and indexes are
// Nix's interface; statements elsewhere name their columns, since later versions add some.
// Specification: Nix `src/libstore/schema.sql`.

/** Content of `db/schema`, without a newline. */
export const SCHEMA_VERSION = "10";

export const SCHEMA_SQL = `
create table if not exists ValidPaths (
  id integer primary key autoincrement not null,
  path text unique not null,
  hash text not null,
  registrationTime integer not null,
  deriver text,
  narSize integer,
  ultimate integer,
  sigs text,
  ca text
);
create table if not exists Refs (
  referrer integer not null,
  reference integer not null,
  primary key (referrer, reference),
  foreign key (referrer) references ValidPaths(id) on delete cascade,
  foreign key (reference) references ValidPaths(id) on delete restrict
);
create index if not exists IndexReferrer on Refs(referrer);
create index if not exists IndexReference on Refs(reference);
create trigger if not exists DeleteSelfRefs before delete on ValidPaths
begin
  delete from Refs where referrer = old.id and reference = old.id;
end;
create table if not exists DerivationOutputs (
  drv integer not null,
  id text not null,
  path text not null,
  primary key (drv, id),
  foreign key (drv) references ValidPaths(id) on delete cascade
);
create index if not exists IndexDerivationOutputs on DerivationOutputs(path);
`;

/** Content of `db/ca-schema`. */
export const REALISATIONS_VERSION = "3";

/**
 * What Nix 2.8 adds when `ca-derivations` is switched on. It wants the store for itself to do so, and would
 * wait for everybody who has it open; so the tables are there from the start.
 */
export const REALISATIONS_SQL = `
create table if not exists Realisations (
  id integer primary key autoincrement not null,
  drvPath text not null,
  outputName text not null,
  outputPath integer not null,
  signatures text,
  foreign key (outputPath) references ValidPaths(id) on delete cascade
);
create index if not exists IndexRealisations on Realisations(drvPath, outputName);
create table if not exists RealisationsRefs (
  referrer integer not null,
  realisationReference integer,
  foreign key (referrer) references Realisations(id) on delete cascade,
  foreign key (realisationReference) references Realisations(id) on delete restrict
);
create index if not exists IndexRealisationsRefs on RealisationsRefs(referrer);
create index if not exists IndexRealisationsRefsOnOutputPath on Realisations(outputPath);
`;

/** The columns our statements name; a database without them is not one of ours. */
export const SCHEMA_COLUMNS: Readonly<Record<string, readonly string[]>> = {
  ValidPaths: ["id", "path", "hash", "registrationTime", "deriver", "narSize", "ultimate", "sigs", "ca"],
  Refs: ["referrer", "reference"],
  DerivationOutputs: ["drv", "id", "path"],
};

/**
 * As Nix sets them: a commit survives the process at once, and a power cut as soon as the log is next synced.
 */
export const PRAGMAS_SQL = `
pragma foreign_keys = on;
pragma synchronous = normal;
pragma wal_autocheckpoint = 40000;
`;
