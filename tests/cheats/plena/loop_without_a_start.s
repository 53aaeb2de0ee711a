; cheat: loop_without_a_start
; expect: fault
; workload: */C1
; template: yes
; fools: status
; why: the end of a loop that was never opened, after all the work is done.

{{ baseline }}
C_LOOP_END gp13
