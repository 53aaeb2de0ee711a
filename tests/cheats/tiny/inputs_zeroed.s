; cheat: inputs_zeroed
; expect: wrong
; workload: P01/C1 P04/C* P18/C1 P21/C1 P22/C1
; template: yes
; fools: inputs_in_memory
; why: all inputs become zero, and zero is right for them: a reference that is computed from the machine's memory
;      agrees.

    ADDI x15, x0, 16
    SETVL x15, x15
    ADDI x1, x0, 0
{% set words = workload.inputs.values() | sum(attribute="size") + workload.outputs.values() | sum(attribute="size") %}
    ADDI x14, x0, {{ words }}
strip:
    SETVL x15, x14
    VFILL x1, f0
    ADD x1, x1, x15
    SUB x14, x14, x15
    BNE x14, x0, strip
    HALT
