# cheat: rept_bomb
# expect: build_error|limit|timeout
# workload: P01/C1
# fools: patience
# why: a short text that becomes more instructions than any memory holds.

.rept 1000000
.rept 1000000
    addi a0, a0, 1
.endr
.endr
    mpause
