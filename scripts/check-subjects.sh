#!/bin/sh
# Reads subjects of commits, one a line, and prints those that are not under 72 characters; then it ends with status 1.
# In a list of commits, and in most terminals, longer ones are cut off. Why something was done stands in the body.
set -eu
faults=0
while IFS= read -r subject || [ -n "$subject" ]; do
  length=$(printf %s "$subject" | LC_ALL=C.UTF-8 wc -m)
  if [ "$length" -ge 72 ]; then
    echo "A subject is to have fewer than 72 characters, and this one has $((length)): $subject" >&2
    faults=1
  fi
done
exit "$faults"
