#!/bin/sh
# Debian's packages that some tests use, where this is Debian and root; tests say plainly what they
# skip without them.
set -u
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "Not root on Debian: tests that need Chromium or libfaketime are skipped." >&2
  exit 0
fi
wanted=''
command -v chromium >/dev/null || wanted="$wanted chromium"
command -v faketime >/dev/null || wanted="$wanted faketime"
[ -n "$wanted" ] || exit 0
echo "Installing for the tests:$wanted ..." >&2
install() {
  # shellcheck disable=SC2086 # a list of names
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $wanted >/dev/null
}
install || { apt-get update >/dev/null && install; } ||
  echo "Could not install$wanted: their tests are skipped." >&2
exit 0
