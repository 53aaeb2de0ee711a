; cheat: inputs_overwritten_by_data
; expect: wrong
; workload: P01/C1 P04/C1 P18/C1 P21/C1
; template: yes
; fools: inputs_in_memory
; why: the same before the first instruction: the program's own data lies over its inputs and outputs.

{% set words = workload.inputs.values() | sum(attribute="size") + workload.outputs.values() | sum(attribute="size") %}
.data mem, 0
.fill {{ words }}, 0.0
.text
    HALT
