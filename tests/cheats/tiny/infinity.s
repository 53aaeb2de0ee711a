; cheat: infinity
; expect: wrong
; workload: */C1
; template: yes
; fools: own_scale
; why: a tolerance that grows with the output allows an infinite one anything.

.data mem, 3000000
.float 1.0
.text
    ADDI x15, x0, 16
    SETVL x15, x15
    ADDI x1, x0, 1500
    ADDI x2, x0, 2000
    MUL x1, x1, x2
    FLW f1, x1, 0
    FDIV f1, f1, f0
    ADDI x1, x0, {{ workload.inputs.values() | sum(attribute="size") }}
    ADDI x14, x0, {{ workload.outputs.values() | sum(attribute="size") }}
strip:
    SETVL x15, x14
    VFILL x1, f1
    ADD x1, x1, x15
    SUB x14, x14, x15
    BNE x14, x0, strip
    HALT
