#!/bin/sh
# Two processes, one tree. Usage: race.sh bad|good FOLDER
# bad: one clears and fills the tree while the other puts its own part in. good: under a lock.
mode=$1
cd "$2" || exit 2

clear_and_fill() {
  rm -rf tree
  mkdir -p tree || return 1
  echo base >tree/base || return 1
}
add() {
  mkdir -p tree/part || return 1
  echo part >tree/part/file || return 1
}
if [ "$mode" = good ]; then
  clear_and_fill || exit 1
  (flock 9; echo base >>tree/base) 9>lock &
  first=$!
  (flock 9; add) 9>lock &
else
  clear_and_fill &
  first=$!
  add &
fi
second=$!
status=0
wait $first || status=1
wait $second || status=1
[ -e tree/part/file ] || status=1
exit $status
