#!/bin/sh
# Installs the dependencies where package-lock.json is newer than what is installed.
set -eu
stamp=node_modules/.installed
if [ ! -f "$stamp" ] || [ package-lock.json -nt "$stamp" ]; then
  echo "Installing dependencies ..." >&2
  # Not `npm ci`: it refuses a lock file that leaves out the optional packages of other platforms.
  npm install --no-save --no-audit --no-fund --loglevel=error >&2
  touch "$stamp"
fi
