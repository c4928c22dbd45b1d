#!/bin/sh
# Two extractions by GNU tar. Usage: tar.sh bad|good FOLDER; FOLDER holds a.tar and b.tar, two
# archives of one tree, and out, an older copy of it.
# bad: both at once into the same place. good: one after the other.
cd "$2" || exit 2
mkdir -p out || exit 2
if [ "$1" = good ]; then
  tar xf a.tar -C out && tar xf b.tar -C out
  exit
fi
tar xf a.tar -C out &
first=$!
tar xf b.tar -C out &
second=$!
status=0
wait $first || status=1
wait $second || status=1
exit $status
