# cheat: epsilon_dropped
# expect: wrong
# workload: P17/C? P16/C?
# template: yes
# fools: loose
# why: an epsilon matters only to rows of tiny values.

{{ baseline | replace('0x3727c5ac', '0') }}
