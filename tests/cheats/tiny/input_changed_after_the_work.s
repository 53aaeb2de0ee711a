; cheat: input_changed_after_the_work
; expect: wrong
; workload: */C1
; template: yes
; fools: outputs_only
; why: every output is right, and whoever comes next finds another input.

{{ baseline.removesuffix('    HALT\n') }}
    FSW f0, x0, 0
    HALT
