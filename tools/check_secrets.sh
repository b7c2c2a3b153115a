#!/bin/sh
# Prints the difference between the files that read a secret's bytes (Reveal)
# and tools/reveal_allowed.txt, so that a new reader is a visible line in
# review.
set -eu
cd "$(dirname "$0")/.."

readers=$(find base agent client cloud \( -name '*.h' -o -name '*.cc' \) \
  -exec grep -l Reveal {} + | LC_ALL=C sort)
allowed=$(grep -v '^#' tools/reveal_allowed.txt | LC_ALL=C sort)
[ "$readers" = "$allowed" ] && exit 0

for file in $readers; do
  case "
$allowed
" in
    *"
$file
"*) ;;
    *) echo "$file: reads secrets and is not in tools/reveal_allowed.txt" ;;
  esac
done
for file in $allowed; do
  case "
$readers
" in
    *"
$file
"*) ;;
    *) echo "$file: reads no secret; take it out of tools/reveal_allowed.txt" ;;
  esac
done
exit 1
