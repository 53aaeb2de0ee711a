# cheat: read_below_memory
# expect: fault
# workload: */C1
# template: yes
# fools: status
# why: an address that wraps around is an element from the end to a simulator that indexes lists with it.

{{ baseline.removesuffix('    mpause\n') }}
    lw a1, -4(x0)
    mpause
