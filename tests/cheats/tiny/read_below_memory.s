; cheat: read_below_memory
; expect: fault
; workload: */C1
; template: yes
; fools: status
; why: an address of -1 is the last element to a simulator that indexes lists with it.

{{ baseline.removesuffix('    HALT\n') }}
    ADDI x1, x0, -1
    FLW f1, x1, 0
    HALT
