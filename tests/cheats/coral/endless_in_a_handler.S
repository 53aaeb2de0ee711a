# cheat: endless_in_a_handler
# expect: limit|timeout|fault
# workload: P01/C1 P15/C1
# fools: patience
# why: the exception handler raises an exception: a simulator that counts completed instructions only never reaches its limit.

    la t0, handler
    csrw mtvec, t0
.balign 4
handler:
    .word 0xffffffff
