# cheat: constant
# expect: wrong
# workload: P15/C*
# template: yes
# fools: loose
# why: no input is read: the outputs are the mean of a softmax's row each.

_start:
    la a0, y
    la a1, mean
    lw a1, 0(a1)
    li a2, {{ workload.outputs["y"].size }}
element:
    sw a1, 0(a0)
    addi a0, a0, 4
    addi a2, a2, -1
    bnez a2, element
    mpause
.section .rodata
mean:
    .float {{ 1.0 / workload.p.C }}
