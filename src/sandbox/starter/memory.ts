// The memory that Node fills and the starter works on: one request at a time, at addresses that both know.
import { COUNTERS_BYTES } from "#sandbox/counters.ts";
import * as linux from "#sandbox/linux.ts";

/** Where it is in the starter, and how large it may become. Pages that are never touched take no memory. */
export const AREA = { start: 0x30000000, bytes: 64 * 1024 * 1024 } as const;

/** A request: its length (64 bits) without this header, then the parts below, then the report, then constants. */
export const HEADER_BYTES = 16;
const at = (offset: number) => AREA.start + offset;

/** 64 bits each: addresses of lists, flags of clone(2), length of the report. */
export const REQUEST = {
  length: at(0),
  before: at(16),
  inside: at(24),
  after: at(32),
  next: at(40),
  farewell: at(48),
  cloneFlags: at(56),
  reportBytes: at(64),
} as const;

const REPORT_START = 96;
const RUSAGE_BYTES = 144;
/** Bytes of a file that are kept for each that is read after the stage. */
export const TEXT_BYTES = 1024;
export const TEXTS_MAX = 6;

export const MARKS_BYTES = 2 * linux.FILE_MARKS.bytes;

/** What the starter sends at the end of a stage, a frame of its own. */
export const REPORT = {
  frame: at(REPORT_START),
  /** Address of the call that failed, and what it returned; 0 when none failed. */
  failure: at(REPORT_START + 8),
  /** What clone(2) returned. */
  child: at(REPORT_START + 24),
  status: at(REPORT_START + 32),
  rusage: at(REPORT_START + 40),
  /** struct timespec of the beginning and of the end. */
  started: at(REPORT_START + 40 + RUSAGE_BYTES),
  ended: at(REPORT_START + 56 + RUSAGE_BYTES),
  /** What writing the limits returned. */
  limits: {
    memory: at(REPORT_START + 72 + RUSAGE_BYTES),
    processes: at(REPORT_START + 80 + RUSAGE_BYTES),
    cpus: at(REPORT_START + 88 + RUSAGE_BYTES),
  },
  /** Flags and projects of the two kept folders, before and after. */
  marksBefore: at(REPORT_START + 96 + RUSAGE_BYTES),
  marksAfter: at(REPORT_START + 96 + RUSAGE_BYTES + MARKS_BYTES),
  counters: at(REPORT_START + 96 + RUSAGE_BYTES + 2 * MARKS_BYTES),
  /** Each: what read(2) returned, 64 bits, and the bytes. */
  texts: at(REPORT_START + 96 + RUSAGE_BYTES + 2 * MARKS_BYTES + COUNTERS_BYTES),
} as const;

export const TEXT_SLOT_BYTES = 8 + TEXT_BYTES;
export const CONSTANTS = REPORT.texts + TEXTS_MAX * TEXT_SLOT_BYTES;

/** The starter's own: what it waits for (three struct pollfd), notes, and the frame of a piece of log. */
const OWN = AREA.start + AREA.bytes - 128 * 1024;
export const STATE = {
  polled: OWN,
  isOver: OWN + 32,
  ownProcess: OWN + 40,
  frameBytes: OWN + 48,
  /** Index and errno of a call at the start that failed: a frame. */
  refusal: OWN + 64,
  log: OWN + 128,
} as const;
export const LOG_PIECE_BYTES = 64 * 1024;
/** A request must end before the starter's own memory. */
export const REQUEST_BYTES_MAX = OWN - AREA.start;

/** First word of a frame; its second is the number of bytes that follow. */
export const FRAME = { log: 1, report: 2, refusal: 3 } as const;

/** Descriptors of the starter; a stage has none of them. */
export const STARTER_FD = {
  socket: 3,
  self: 4,
  terminal: 5,
  log: 6,
  child: 7,
  /** The lowest free before, and after, a stage. */
  freeBefore: 5,
  freeAfter: 8,
} as const;
