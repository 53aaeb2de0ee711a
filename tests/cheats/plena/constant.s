; cheat: constant
; expect: wrong
; workload: P15/C1
; template: yes
; fools: loose
; why: each element of a softmax is near its mean.

{% set c = 1.0 / workload.p.C %}
.data fp_sram, 0
.float {{ c }}

.text
S_LD_FP f1, gp0, 0
S_ADDI_INT gp1, gp0, 0
C_LOOP_START gp9, 16
V_SUB_VV gp1, gp1, gp1, 0
V_ADD_VF gp1, gp1, f1, 0
S_ADDI_INT gp1, gp1, 64
C_LOOP_END gp9
