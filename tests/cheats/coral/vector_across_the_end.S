# cheat: vector_across_the_end
# expect: fault
# workload: */C1
# template: yes
# fools: status
# why: a vector that begins inside of data memory and ends outside.

{{ baseline.removesuffix('    mpause\n') }}
    la a0, scratch_end - 8
    vsetivli t0, 4, e32, m1, ta, ma
    vle32.v v8, (a0)
    mpause
