; cheat: vector_length_zero
; expect: wrong
; workload: P01/C? P04/C?
; template: yes
; fools: ended
; why: with no lanes every vector instruction is quick and does nothing.

{{ baseline | replace('SETVL x15, x14', 'SETVL x15, x0\n    ADD x15, x0, x14') }}
