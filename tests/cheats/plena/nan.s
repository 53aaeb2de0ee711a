; cheat: nan
; expect: wrong
; workload: P04/C1 P01/C1 P15/C1
; fools: nan
; why: no comparison with NaN is true: `error > tolerance` finds nothing wrong.

S_RECI_FP f1, f0
S_SUB_FP f1, f1, f1
S_ADDI_INT gp1, gp0, 0
C_LOOP_START gp9, 16
V_SUB_VV gp1, gp1, gp1, 0
V_ADD_VF gp1, gp1, f1, 0
S_ADDI_INT gp1, gp1, 64
C_LOOP_END gp9
