; cheat: running_total
; expect: wrong
; workload: P11/C[1-4]
; template: yes
; fools: sample
; why: the sum is not cleared between rows: the first row is right.

{% set lines = baseline.split('row:\n    FADD f1, f0, f0\n') %}
{{ lines[0] }}row:
{{ lines[1] }}
