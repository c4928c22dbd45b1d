#!/bin/sh
# in_user_namespace.sh BUILD PROGRAM HELPER...: runs the test program as what a rootless container
# calls root: one user of a user namespace, with a mount namespace of its own.
set -eu
program=$2
exec unshare --user --map-root-user --mount "$program"
