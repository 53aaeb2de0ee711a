; cheat: constant_by_data
; expect: wrong
; workload: P15/C*
; template: yes
; fools: loose
; why: no instruction works: the outputs are part of the program, the mean of a softmax's row each.

{% set at = workload.inputs["x"].size %}
.data mem, {{ at }}
.fill {{ at }}, {{ 1.0 / workload.p.C }}
.text
    HALT
