; cheat: last_element_dropped
; expect: wrong
; workload: P01/C? P04/C?
; template: yes
; fools: sample
; why: the tail is left out: a grader that looks at the first elements sees nothing.

{{ baseline | replace('ADDI x14, x0, ' ~ workload.p.N, 'ADDI x14, x0, ' ~ (workload.p.N - 1)) }}
