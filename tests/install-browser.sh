#!/usr/bin/env bash
# The tests of pages need a Chromium. Where none is found and this is a Debian we may install on, install it;
# elsewhere the tests that need it are skipped and say so.
set -eu
for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then exit 0; fi
done
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    echo "Installing Chromium for the tests of pages"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null
else
    echo "No Chromium found: the tests of pages in a browser will be skipped (install the package chromium to run them)"
fi
