# cheat: nan
# expect: wrong
# workload: P01/C1 P15/C1 P21/C1 C0*/C1 E0*/C1
# template: yes
# fools: nan
# why: no comparison with NaN is true: `error > tolerance` finds nothing wrong.

_start:
    la a0, y
    li a1, 0x7fc00000
    li a2, {{ workload.outputs["y"].size }}
element:
    sw a1, 0(a0)
    addi a0, a0, 4
    addi a2, a2, -1
    bnez a2, element
    mpause
