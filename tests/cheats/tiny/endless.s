; cheat: endless
; expect: limit|timeout
; workload: P01/C1 P15/C1 E05/C1
; fools: patience
; why: a grader without limits waits for ever.

    ADDI x1, x0, 1
again:
    BNE x1, x0, again
    HALT
