; cheat: misaligned_vector
; expect: fault
; workload: */C1
; template: yes
; fools: status
; why: a vector that begins between two rows, after all the work is done.

{{ baseline }}
S_ADDI_INT gp1, gp0, 60001
V_ADD_VF gp1, gp1, f0, 0
