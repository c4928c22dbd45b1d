A=${A:-"$(echo "${B:?}" `echo $C`)"}; cat <<E1 | while read -r x; do echo $x; done
$D ${E}
E1
