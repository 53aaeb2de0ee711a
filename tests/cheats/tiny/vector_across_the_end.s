; cheat: vector_across_the_end
; expect: fault
; workload: */C1
; template: yes
; fools: status
; why: a vector that begins inside of memory and ends outside.

{{ baseline.removesuffix('    HALT\n') }}
    ADDI x1, x0, 2048
    MUL x1, x1, x1
    ADDI x1, x1, -8
    ADDI x2, x0, 16
    SETVL x2, x2
    VADD x1, x1, x1
    HALT
