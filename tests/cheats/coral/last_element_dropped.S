# cheat: last_element_dropped
# expect: wrong
# workload: P01/C[1-4] P09/C[1-5]
# template: yes
# fools: sample
# why: the tail is left out: a grader that looks at the first elements sees nothing.

{{ baseline | replace('li t0, ' ~ workload.p.N ~ '\n', 'li t0, ' ~ (workload.p.N - 1) ~ '\n') }}
