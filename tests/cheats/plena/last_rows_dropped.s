; cheat: last_rows_dropped
; expect: wrong
; workload: P04/C2 P04/C4
; template: yes
; fools: sample
; why: the loop over rows ends one row early.

{% set rows = workload.p.N // 64 %}
{{ baseline | replace('C_LOOP_START gp9, ' ~ rows ~ '\n', 'C_LOOP_START gp9, ' ~ (rows - 1) ~ '\n') }}
