# cheat: last_row_dropped
# expect: wrong
# workload: P11/C[1-4] P15/C[1-4] P17/C[1-4]
# template: yes
# fools: sample
# why: the last row is left out.

{{ baseline | replace('li t0, ' ~ workload.p.R ~ '\n', 'li t0, ' ~ (workload.p.R - 1) ~ '\n') }}
