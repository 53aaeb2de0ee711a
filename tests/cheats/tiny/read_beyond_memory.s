; cheat: read_beyond_memory
; expect: fault
; workload: */C1
; template: yes
; fools: status
; why: the word behind the last one, after all the work is done.

{{ baseline.removesuffix('    HALT\n') }}
    ADDI x1, x0, 2048
    MUL x1, x1, x1
    FLW f1, x1, 0
    HALT
