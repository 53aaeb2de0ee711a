; cheat: epsilon_dropped
; expect: wrong
; workload: P17/C? P16/C?
; template: yes
; fools: loose
; why: an epsilon matters only to rows of tiny values.

{{ baseline | replace('1e-05', '0.0') }}
