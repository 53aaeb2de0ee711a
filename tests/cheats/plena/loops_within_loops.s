; cheat: loops_within_loops
; expect: fault
; workload: P01/C1
; fools: patience
; why: three loops of 1023 iterations are a thousand million instructions in six words.

C_LOOP_START gp1, 1023
C_LOOP_START gp2, 1023
C_LOOP_START gp3, 1023
C_LOOP_END gp3
C_LOOP_END gp2
C_LOOP_END gp1
