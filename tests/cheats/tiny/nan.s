; cheat: nan
; expect: wrong
; workload: */C1
; template: yes
; fools: nan
; why: no comparison with NaN is true: `error > tolerance` finds nothing wrong.

    ADDI x15, x0, 16
    SETVL x15, x15
    ADDI x1, x0, 1
    FADD f1, f0, f0
    FDIV f1, f0, f0
    ADDI x1, x0, {{ workload.inputs.values() | sum(attribute="size") }}
    ADDI x14, x0, {{ workload.outputs.values() | sum(attribute="size") }}
strip:
    SETVL x15, x14
    VFILL x1, f1
    ADD x1, x1, x15
    SUB x14, x14, x15
    BNE x14, x0, strip
    HALT
