# cheat: maximum_not_subtracted
# expect: wrong
# workload: P15/C?
# template: yes
# fools: typical
# why: a softmax without its maximum is right unless a value is large.

{{ baseline | replace('    fsub.s fa0, fa0, fa1\n', '') }}
