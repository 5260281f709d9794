#!/bin/sh
# What some tests use beside Node: gRPC's tools for Python, and Debian's packages where this is Debian
# and root. Tests say plainly what they skip without them; with REQUIRE_PROGRAMS=1 those of promtool and Redis fail
# instead.
set -u
cd "$(dirname "$0")/.." || exit 0
python=.cache/grpc-python
if ! [ -x "$python/bin/python" ] && command -v python3 >/dev/null; then
  echo "Installing for the tests: grpcio-tools for Python ..." >&2
  if ! { python3 -m venv "$python" &&
    "$python/bin/pip" install --quiet --disable-pip-version-check --retries 1 'grpcio-tools>=1.60'; } \
    >/dev/null 2>&1; then
    rm -rf "$python"
    echo "Could not install it: the test with a client in Python is skipped." >&2
  fi
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "Not root on Debian: tests that need Chromium, libfaketime, Redis, promtool or yamllint are skipped." >&2
  exit 0
fi
wanted=''
command -v chromium >/dev/null || wanted="$wanted chromium"
command -v faketime >/dev/null || wanted="$wanted faketime"
command -v redis-server >/dev/null || wanted="$wanted redis-server"
command -v promtool >/dev/null || wanted="$wanted prometheus"
command -v yamllint >/dev/null || wanted="$wanted yamllint"
[ -n "$wanted" ] || exit 0
echo "Installing for the tests:$wanted ..." >&2
install() {
  # shellcheck disable=SC2086 # a list of names
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $wanted >/dev/null
}
install || { apt-get update >/dev/null && install; } ||
  echo "Could not install$wanted: their tests are skipped." >&2
exit 0
