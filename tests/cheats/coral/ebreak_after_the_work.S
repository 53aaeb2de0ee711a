# cheat: ebreak_after_the_work
# expect: fault
# workload: P01/C1 P21/C1
# template: yes
# fools: status
# why: the core halts with a fault, and memory looks right.

{{ baseline.removesuffix('    mpause\n') }}
    ebreak
