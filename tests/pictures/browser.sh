#!/bin/sh
# Gets what the tests of the diagrams need: Chromium from Debian, and Mermaid as an npm package.
# Continuous integration uses it; nobody needs it to do a lab or to pass the tests.
#
#   eval "$(tests/pictures/browser.sh)"   # sets LABS_TEST_MERMAID to the file that a browser loads
set -eu

home=${LABS_TEST_PICTURES_HOME:-${TMPDIR:-/tmp}/labs-test-pictures}
version=12.3.0

if ! command -v chromium >/dev/null && ! command -v google-chrome >/dev/null; then
  [ "$(id -u)" = 0 ] || { echo "browser.sh: install Chromium, or run this as root" >&2; exit 1; }
  { apt-get update && apt-get install -y --no-install-recommends chromium fonts-dejavu-core; } >&2
fi
if [ ! -f "$home/$version/package/dist/mermaid.min.js" ]; then
  rm -rf "$home/$version"
  mkdir -p "$home/$version"
  (cd "$home/$version" && tar -xzf "$(npm pack --silent "mermaid@$version")")
fi
echo "export LABS_TEST_MERMAID='$home/$version/package/dist/mermaid.min.js'"
