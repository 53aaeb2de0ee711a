# cheat: read_beyond_memory
# expect: fault
# workload: */C1
# template: yes
# fools: status
# why: the word behind external memory, after all the work is done.

{{ baseline.removesuffix('    mpause\n') }}
    li a0, 0x20400000
    lw a1, 0(a0)
    mpause
