#!/bin/sh
# Runs a command under Node 24 or newer: the machine's own where it is new enough, else one from npm's
# `node` package, kept in .cache/node of this checkout. Needs no root.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
wanted=24
cached="$root/.cache/node/node_modules/node/bin"

major() { "$1" -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0; }

if [ "$(major node)" -lt "$wanted" ]; then
  if [ "$(major "$cached/node")" -lt "$wanted" ]; then
    echo "This machine's Node is older than $wanted: bringing Node $wanted into .cache/node ..." >&2
    mkdir -p "$root/.cache/node"
    # The package's install script fetches nothing: it links the binary of this platform's own package.
    printf '{ "name": "node-runtime", "private": true, "allowScripts": { "node": true } }\n' >"$root/.cache/node/package.json"
    npm install --prefix "$root/.cache/node" --no-audit --no-fund --loglevel=error "node@$wanted" >&2
  fi
  PATH="$cached:$PATH"
  export PATH
fi
cd "$root"
# What a process has compiled the next one reads: tests start hundreds of processes, with a third less processor time.
NODE_COMPILE_CACHE=${NODE_COMPILE_CACHE-$root/.cache/compile}
export NODE_COMPILE_CACHE
exec "$@"
