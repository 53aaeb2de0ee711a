; cheat: endless
; expect: limit|timeout
; workload: P01/C1 P15/C1 E05/C1
; fools: patience
; why: a loop of millions of iterations, again and again: a grader without limits waits for hours.

.rept 1000
C_LOOP_START gp1, 4000000
S_ADDI_INT gp2, gp0, 0
C_LOOP_END gp1
.endr
