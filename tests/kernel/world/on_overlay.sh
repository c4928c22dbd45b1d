#!/bin/sh
# on_overlay.sh BUILD PROGRAM HELPER...: runs the test program where / is an overlay over the host's
# root and /tmp is part of it, as in most containers.
set -eu
build=$1
program=$2
shift 2
if [ "$(id -u)" -ne 0 ]; then
  echo "only root can mount an overlay for the host's root"
  [ "${RELAPSE_MUST_WORK:-}" = 1 ] && exit 1
  exit 77
fi
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
export place
# The script is another shell's; its variables are not for this one.
# shellcheck disable=SC2016
unshare -m sh -euc '
  mount -t tmpfs none "$place"
  mkdir "$place/upper" "$place/work" "$place/root"
  mount -t overlay overlay \
    -o "lowerdir=/,upperdir=$place/upper,workdir=$place/work" "$place/root"
  for folder in proc sys dev; do
    mount --rbind "/$folder" "$place/root/$folder"
  done
  mkdir -p "$place/root/opt/relapse-test"
  build=$1
  program=$2
  shift 2
  cp "$build/relapse-zygote" "$program" "$@" "$place/root/opt/relapse-test/"
  cd "$place/root"
  mkdir -p old
  pivot_root . old
  umount -l /old
  exec "/opt/relapse-test/$(basename "$program")"
' sh "$build" "$program" "$@"
