; cheat: inputs_zeroed
; expect: wrong
; workload: P04/C1
; fools: inputs_in_memory
; why: the input becomes zero, and zero is right for it: a reference that is computed from the machine's memory
;      agrees.

S_ADDI_INT gp15, gp0, 18432
C_SET_ADDR_REG a1, gp0, gp15
S_ADDI_INT gp15, gp0, 4096
C_SET_SCALE_REG gp15
S_ADDI_INT gp15, gp0, 64
C_SET_STRIDE_REG gp15
S_ADDI_INT gp1, gp0, 0
V_SUB_VV gp1, gp1, gp1, 0
S_ADDI_INT gp3, gp0, 64
V_SUB_VV gp3, gp3, gp3, 0
S_ADDI_INT gp3, gp0, 128
V_SUB_VV gp3, gp3, gp3, 0
S_ADDI_INT gp3, gp0, 192
V_SUB_VV gp3, gp3, gp3, 0
S_ADDI_INT gp2, gp0, 0
H_STORE_V gp1, gp2, a1, 1, 0
