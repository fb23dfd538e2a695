#!/bin/sh
# report.sh BEST REPORT: a table of the pages that were asked for most.
set -eu
{
  echo "# The $(wc -l < "$1") pages that were asked for most"
  echo
  echo "| times | page |"
  echo "| ----: | ---- |"
  while read -r times page; do echo "| $times | \`$page\` |"; done < "$1"
} > "$2"
