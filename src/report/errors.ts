// The errors of this folder: what is wrong, where, and what to do about it.
import { errorsOf } from "#base/errors.ts";

export const pipeliteError = errorsOf({
  BROWSER_NOT_FOUND: {
    exit: 4,
    message: "Cannot print the report to PDF: none of {names} is on the PATH",
    hint: "Install Chromium, or print report.html from any browser: it has a print form",
  },
  PDF_NOT_PRINTED: {
    exit: 4,
    message: "Cannot print the report to PDF: {browser} wrote none: {problem}",
    hint: "Print report.html from any browser: it has a print form",
  },
});
