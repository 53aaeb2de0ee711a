# cheat: running_total
# expect: wrong
# workload: P11/C[1-4]
# template: yes
# fools: sample
# why: the sum is not cleared between rows: the first row is right.

{% set lines = baseline.split('row:\n    fmv.s fa0, ft11\n') %}
{{ lines[0] }}row:
{{ lines[1] }}
