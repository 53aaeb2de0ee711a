; cheat: last_row_dropped
; expect: wrong|limit
; workload: P11/C? P15/C? P17/C?
; template: yes
; fools: sample
; why: the last row is left out.

{{ baseline | replace('ADDI x4, x0, ' ~ workload.p.R ~ '\n', 'ADDI x4, x0, ' ~ (workload.p.R - 1) ~ '\n') }}
