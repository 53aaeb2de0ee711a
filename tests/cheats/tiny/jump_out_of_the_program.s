; cheat: jump_out_of_the_program
; expect: fault|build_error
; workload: P01/C1
; template: yes
; fools: status
; why: a branch to before the first instruction.

{{ baseline.removesuffix('    HALT\n') }}
    ADDI x1, x0, 1
    BNE x1, x0, -100000
    HALT
