; cheat: read_beyond_memory
; expect: fault
; workload: */C1
; template: yes
; fools: status
; why: the word behind the last one of FP SRAM, after all the work is done.

{{ baseline }}
S_LD_FP f1, gp0, 1024
