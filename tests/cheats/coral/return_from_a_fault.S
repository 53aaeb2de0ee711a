# cheat: return_from_a_fault
# expect: wrong
# workload: P01/C1 P04/C1 P21/C1
# fools: ended
# why: every store goes beyond memory, and a handler steps over it.

_start:
    la t0, handler
    csrw mtvec, t0
    li a0, -4
    li a1, 1000
store:
    sw a1, 0(a0)
    addi a1, a1, -1
    bnez a1, store
    mpause
.balign 4
handler:
    csrr t0, mepc
    addi t0, t0, 4
    csrw mepc, t0
    mret
