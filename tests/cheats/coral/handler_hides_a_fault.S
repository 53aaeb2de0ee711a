# cheat: handler_hides_a_fault
# expect: wrong
# workload: P01/C1 P04/C1 P21/C1
# template: yes
# fools: ended
# why: the first access is illegal, and a handler of the program's own ends it: whoever only asks whether there was a fault
#      sees none.

{{ baseline | replace('_start:\n', '_start:
    la t0, handler
    csrw mtvec, t0
    lw t1, -4(x0)\n') }}
.balign 4
handler:
    mpause
