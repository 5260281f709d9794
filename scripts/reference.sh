#!/bin/sh
# Writes the reference of the client libraries and of the guards to .cache/reference; whatever is public and not documented
# is an error. TypeDoc reads sources with a TypeScript of its own: it does not know version 7 yet.
set -eu
cd "$(dirname "$0")/.."
folder=.cache/typedoc
wanted='typedoc@0.28.20 typescript@6.0.3'
if [ "$(cat "$folder/.installed" 2>/dev/null)" != "$wanted" ]; then
  echo "Installing $wanted ..." >&2
  mkdir -p "$folder"
  [ -f "$folder/package.json" ] || echo '{ "private": true }' >"$folder/package.json"
  # shellcheck disable=SC2086 # two words
  npm install --prefix "$folder" --no-save --no-audit --no-fund --loglevel=error $wanted >&2
  echo "$wanted" >"$folder/.installed"
fi
for package in client guards quorum-client redis-voters; do
  "$folder/node_modules/.bin/typedoc" --logLevel Warn --options "packages/$package/typedoc.json" --out ".cache/reference/$package"
done
