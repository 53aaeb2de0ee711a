# cheat: vstart_at_the_end
# expect: wrong
# workload: P01/C? P04/C?
# fools: ended
# why: loads and stores that begin behind their last element are counted and move nothing.

_start:
    vsetivli t0, 4, e32, m1, ta, ma
    la a0, y
    csrwi vstart, 4
    vse32.v v8, (a0)
    mpause
