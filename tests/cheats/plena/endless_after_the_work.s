; cheat: endless_after_the_work
; expect: limit|timeout
; workload: P*/C1
; template: yes
; fools: patience
; why: every output is right, and then the run does not end: a grader that stops it and looks at memory would accept
;      it.

{{ baseline }}
.rept 1000
C_LOOP_START gp1, 4000000
S_ADDI_INT gp2, gp0, 0
C_LOOP_END gp1
.endr
