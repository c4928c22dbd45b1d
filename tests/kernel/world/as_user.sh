#!/bin/sh
# as_user.sh BUILD PROGRAM HELPER...: runs the test program as an ordinary user, from a folder that
# such a user can reach wherever the checkout lies.
set -eu
build=$1
program=$2
shift 2
if [ "$(id -u)" -ne 0 ]; then
  exit 0 # the plain test has run as an ordinary user already
fi
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
chmod 755 "$place"
cp "$build/relapse-zygote" "$program" "$@" "$place/"
setpriv --reuid=1000 --regid=1000 --clear-groups --inh-caps=-all \
  env HOME="$place" "$place/$(basename "$program")"
